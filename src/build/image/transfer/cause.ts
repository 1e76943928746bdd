/**
 * Which part of a tool's message about a transfer gives the reason. A service may be called `quota-api` and a host
 * `certificate.example.com`, so a reason is only read from what is left after all names are removed. Pure.
 */

/** The reason, if the tool gives one. */
export interface TransferCause {
  /** The tool's words, without references, addresses and paths. */
  readonly text: string;
  /** The HTTP status of the registry's answer, if the tool names one. */
  readonly status: number | undefined;
}

/**
 * The beginning of the last error: Buildah and podman write `Error: `, skopeo logs it, Kaniko's executor writes `error
 * `.
 */
const errorStart = /^Error: |^error |\blevel=fatal\b|^FATA\[/;

/** An error as a log entry (logrus), with a quoted message. */
const logged = /\bmsg="((?:[^"\\]|\\.)*)"/;

/**
 * What contains names, and what is left of it. Names are in lower case, so a quoted code in capitals (`"DENIED"`) is
 * not a name. `i/o timeout` is not a path.
 */
const names: readonly (readonly [pattern: RegExp, left: string])[] = [
  [/\[?map\[[^\]]{0,200}\]+/g, ' '],
  [/"(?![A-Z_]+")[^"\s]*"/g, ' '],
  [/'[^'\s]*'/g, ' '],
  [/\bmanifest \S+ (?=to |in )/g, 'manifest '],
  [/\bproject \S+ not found/g, 'project not found'],
  [/\blookup \S+/g, 'lookup'],
  [/(?<![^\s"',;()])(?!i\/o\b)[^\s"',;()]*\/[^\s"',;()]*/g, ' '],
  [/(?<![\w-])[\w-]+(?:\.[\w-]+)+(?::\d+)?/g, ' '],
  [/(?<![\w-])[\w-]+:\d+/g, ' '],
];

/** `received unexpected HTTP status: 503`, `StatusCode: 413`, `status code from registry 500`, `parsing HTTP 403 response`. */
const statusPattern = /(?:status(?:[ -]?code)?(?: from registry)?|http(?: code)?):? (\d{3})\b/i;

/** The message of a log entry; any other line as it is. */
export function messageIn(line: string): string {
  const message = logged.exec(line)?.[1];
  return message === undefined ? line : message.replace(/\\(["\\])/g, '$1');
}

/** Reads the last error in a tool's output. */
export function causeOf(lines: readonly string[]): TransferCause {
  const start = lines.findLastIndex((line) => errorStart.test(line));
  const said = lines.slice(Math.max(start, 0)).map(messageIn);
  const text = names.reduce((rest, [pattern, left]) => rest.replace(pattern, left), said.join('\n'));
  const status = statusPattern.exec(text)?.[1];
  return { text, status: status === undefined ? undefined : Number(status) };
}
