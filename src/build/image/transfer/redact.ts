/** Takes out of tools' output what must not be shown. */

/** Text whose URLs have lost their user names and passwords. */
export function withoutPasswords(text: string): string {
  return text.replace(/:\/\/[^/@\s]+@/g, '://***@');
}
