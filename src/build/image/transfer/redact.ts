/** Removes from tools' output what must not be shown. */

/** The text with user names and passwords removed from its URLs. */
export function withoutPasswords(text: string): string {
  return text.replace(/:\/\/[^/@\s]+@/g, '://***@');
}
