/** Reads and writes META-INF/MANIFEST.MF. Pure; the format is that of the JAR File Specification. */

/** The main attributes of a manifest, in their order. Names keep their case. */
export function parseManifest(text: string): ReadonlyMap<string, string> {
  const main = text.replace(/\r\n?/g, '\n').split('\n\n', 1)[0] ?? '';
  // A line that begins with a space continues the one before it.
  const lines = main.replace(/\n /g, '').split('\n');
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const colon = line.indexOf(': ');
      return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 2)]];
    }),
  );
}

/** The text of a manifest. Breaks lines longer than 72 bytes, as the format demands. */
export function manifestText(attributes: ReadonlyMap<string, string>): string {
  return [...attributes].map(([name, value]) => `${broken(`${name}: ${value}`)}\r\n`).join('') + '\r\n';
}

function broken(line: string): string {
  let lines = '';
  let bytes = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    if (bytes + size > 72) {
      lines += '\r\n ';
      bytes = 1;
    }
    lines += character;
    bytes += size;
  }
  return lines;
}
