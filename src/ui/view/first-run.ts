/** Tells the runs that no save has caused. Pure. */

/** True for a run that begins with the session: nothing was saved for it, so its number says nothing to the user. */
export function isFirst({ reason }: { readonly reason: string }): boolean {
  return reason === 'start';
}
