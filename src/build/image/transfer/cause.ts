/**
 * What of a tool's message about a transfer says why. A service may be called `quota-api` and a host
 * `certificate.example.com`: only what is left once the names are gone may be read as a reason. Pure.
 */

/** The reason, as far as the tool gives one. */
export interface TransferCause {
  /** Its words, without references, addresses and paths. */
  readonly text: string;
  /** The HTTP status of the registry's answer, where it is named as one. */
  readonly status: number | undefined;
}

/** Where the last error begins: Buildah and podman write `Error: `, skopeo logs it, Kaniko's executor writes `error `. */
const errorStart = /^Error: |^error |\blevel=fatal\b|^FATA\[/;

/** An error in the form of a log entry (logrus), whose message is quoted. */
const logged = /\bmsg="((?:[^"\\]|\\.)*)"/;

/**
 * What holds names, and what is left of it. Names are in lower case, so that a quoted code in capitals (`"DENIED"`) is
 * none. `i/o timeout` is no path.
 */
const names: readonly (readonly [pattern: RegExp, left: string])[] = [
  [/\[?map\[[^\]]*\]+/g, ' '],
  [/"(?![A-Z_]+")[^"\s]*"/g, ' '],
  [/'[^'\s]*'/g, ' '],
  [/\bmanifest \S+ (?=to |in )/g, 'manifest '],
  [/\bproject \S+ not found/g, 'project not found'],
  [/\blookup \S+/g, 'lookup'],
  [/(?<![^\s"',;()])(?!i\/o\b)[^\s"',;()]*\/[^\s"',;()]*/g, ' '],
  [/[\w-]+(?:\.[\w-]+)+(?::\d+)?/g, ' '],
  [/[\w-]+:\d+/g, ' '],
];

/** `received unexpected HTTP status: 503`, `StatusCode: 413`, `status code from registry 500`, `parsing HTTP 403 response`. */
const statusPattern = /(?:status(?:[ -]?code)?(?: from registry)?|http(?: code)?):? (\d{3})\b/i;

/** The message of a log entry; a line that is none as it is. */
export function messageIn(line: string): string {
  const message = logged.exec(line)?.[1];
  return message === undefined ? line : message.replace(/\\(["\\])/g, '$1');
}

/** Reads the last error of a tool's output. */
export function causeOf(lines: readonly string[]): TransferCause {
  const start = lines.findLastIndex((line) => errorStart.test(line));
  const said = lines.slice(Math.max(start, 0)).map(messageIn);
  const text = names.reduce((rest, [pattern, left]) => rest.replace(pattern, left), said.join('\n'));
  const status = statusPattern.exec(text)?.[1];
  return { text, status: status === undefined ? undefined : Number(status) };
}
