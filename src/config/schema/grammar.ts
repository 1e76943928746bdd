/**
 * What single values of appdev.yaml must look like: names, image references, durations, ports. Pure functions from a
 * text to a complaint; they know nothing of keys, files or positions. A value that becomes an argument of a command
 * line never begins with `-`, so that it cannot turn into an option there.
 */
import { nearest } from '../text/nearest.ts';
import { isDateFormat, isTimeZone, tagParts } from './tags.ts';

/** Why a text is not what its key takes; `undefined` stands for "it is fine". */
interface Complaint {
  /** Continues the sentence `"<the text>" …`. */
  readonly message: string;
  readonly hint?: string;
}

/** Judges one text. */
export type Grammar = (text: string) => Complaint | undefined;

const control = /[\u0000-\u001f\u007f]/;

/** A label as RFC 1123 has it and Kubernetes takes it for most names: at most 63 of `a-z`, `0-9`, `-`. */
export const dnsLabel: Grammar = (text) => {
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text) && text.length <= 63) return undefined;
  const proposal = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
  return {
    message: 'is not a DNS-1123 label (a-z, 0-9 and "-" inside, at most 63 characters)',
    ...(proposal === '' ? {} : { hint: `write ${proposal}` }),
  };
};

/** The longest name of a Helm release, as Helm itself has it: ten characters of 63 are left for what charts append. */
export const maxReleaseName = 53;

/** A Helm release name: dot-separated labels. */
export const releaseName: Grammar = (text) =>
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text) &&
  text.length <= maxReleaseName
    ? undefined
    : { message: 'is not a Helm release name (a-z, 0-9, "-" and "." inside, at most 53 characters)' };

/** Any text that is handed to a program as one argument: not empty, no control characters, no leading `-`. */
export const argument: Grammar = (text) => {
  if (text === '') return { message: 'is empty' };
  if (control.test(text)) return { message: 'holds a control character' };
  return text.startsWith('-')
    ? { message: 'begins with "-" and would be taken for an option of the program that gets it' }
    : undefined;
};

/** A path of the file system; `./-x` names a file that begins with `-`. */
export const path: Grammar = (text) => {
  const complaint = argument(text);
  return complaint !== undefined && text.startsWith('-')
    ? { ...complaint, hint: `write ./${text}` }
    : complaint;
};

// Component, tag and digest as in the reference grammar of distribution (reference/reference.go), host as there:
// a first component that holds a dot or a port, or is `localhost`.
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const hostPort =
  '(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)(?:\\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?';
const bracketed = '\\[[0-9a-fA-F:.]+\\](?::[0-9]{1,5})?';
// A host only where it looks like one: with a dot or a port, or `localhost`.
const repositoryName = new RegExp(
  `^(?:(?=[^/]*[.:]|localhost/)(?:${hostPort}|${bracketed})/)?${component}(?:/${component})*$`,
);
const registryName = new RegExp(`^(?:${hostPort}|${bracketed})(?:/${component})*$`);
const reference = new RegExp(
  `^(?:(?:${hostPort}|${bracketed})/)?${component}(?:/${component})*(?::\\w[\\w.-]{0,127})?(?:@[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,})?$`,
);

/** A repository below a registry, or with the host of another one; without tag and digest. */
export const repository: Grammar = (text) => {
  if (repositoryName.test(text) && text.length <= 255) return undefined;
  const message = 'is not an image repository (lower case, e.g. orders or shop/orders)';
  if (/[:@]/.test(text)) {
    return {
      message,
      hint: 'leave out tag and digest: they come from the build',
    };
  }
  return text === text.toLowerCase() ? { message } : { message, hint: `write ${text.toLowerCase()}` };
};

/** A whole image reference: `[host[:port]/]repository[:tag][@digest]`. */
export const imageReference: Grammar = (text) => {
  if (reference.test(text)) return undefined;
  const scheme = /^[a-z+]+:\/\//.exec(text);
  const message = 'is not an image reference ([host[:port]/]repository[:tag][@digest])';
  return scheme === null ? { message } : { message, hint: `leave out ${scheme[0]}` };
};

/** A registry: `host[:port][/path]`. */
export const registry: Grammar = (text) => {
  if (registryName.test(text)) return undefined;
  const message = 'is not a registry (host[:port][/path])';
  const scheme = /^(https?):\/\//.exec(text);
  if (scheme === null) return { message };
  return {
    message,
    hint: `leave out ${scheme[0]}${scheme[1] === 'http' ? '; plain HTTP is `insecure: true`' : ''}`,
  };
};

/** A chart: a path, or a reference that Helm resolves (`oci://host/path`). */
export const chart: Grammar = (text) => {
  const other = /^(?!oci:)[a-z]+:\/\//.exec(text);
  return other === null
    ? path(text)
    : { message: 'is neither a folder nor an oci:// reference', hint: 'write a path, or oci://host/path' };
};

/** A dotted path into a chart's values, e.g. `image.tag` or `containers[0].image`. */
export const valuesPath: Grammar = (text) =>
  /^[A-Za-z0-9_][\w-]*(\[\d+\])*(\.[A-Za-z0-9_][\w-]*(\[\d+\])*)*$/.test(text)
    ? undefined
    : { message: 'is not a path into the values (e.g. image.tag)' };

/** The name of a build argument. */
export const buildArgName: Grammar = (text) =>
  /^[A-Za-z_]\w*$/.test(text)
    ? undefined
    : { message: 'is not the name of a build argument (letters, digits, "_")' };

/** The template of a tag: text, and parts in braces. Characters that no tag may hold are replaced later. */
export const tagTemplate: Grammar = (text) => {
  if (text === '') return { message: 'is empty' };
  const names = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name ?? '');
  const unknown = names.find((name) => !tagParts.some((part) => part === name));
  const known = tagParts.map((part) => `{${part}}`).join(', ');
  if (unknown !== undefined) {
    const near = nearest(unknown, tagParts);
    return {
      message: `holds {${unknown}}, which is no part of a tag`,
      hint: near === undefined ? `parts: ${known}` : `did you mean {${near}}?`,
    };
  }
  if (!/[{}]/.test(text.replace(/\{[^{}]*\}/g, ''))) return undefined;
  return { message: 'holds a brace without its other half', hint: `parts: ${known}` };
};

/** The format of a date in a tag. */
export const dateFormat: Grammar = (text) =>
  isDateFormat(text)
    ? undefined
    : {
        message: 'is not a date format (yyyy, MM, dd, HH, mm, ss, SSS, and no other letters)',
        hint: 'write e.g. yyyy-MM-dd_HH-mm-ss',
      };

/** The name of a time zone. */
export const timeZone: Grammar = (text) =>
  isTimeZone(text)
    ? undefined
    : { message: 'is not a time zone', hint: 'write UTC, or a name like Europe/Berlin' };

/** One word of a command line that appdev starts as it is written; it may be empty or begin with `-`. */
export const commandWord: Grammar = (text) =>
  text.includes('\0') ? { message: 'holds a NUL, which ends a word of a command line' } : undefined;

/** The name of an environment variable for a command; those that appdev sets itself are taken. */
export const commandVariable: Grammar = (text) => {
  if (!/^[A-Za-z_]\w*$/.test(text))
    return { message: 'is not the name of a variable (letters, digits, "_")' };
  return text.startsWith('APPDEV_')
    ? { message: 'begins with APPDEV_, and those variables are set by appdev', hint: 'choose another name' }
    : undefined;
};

/** One module of a build: a relative folder, `[groupId]:artifactId` as Maven's `-pl` takes it, or `:a:b` of Gradle. */
export const jarModule: Grammar = (text) => {
  if (/^[!+?]|,/.test(text)) {
    return {
      message: 'is not one module',
      hint: 'name one folder or :artifactId; what it depends on is built as well',
    };
  }
  return argument(text);
};

const units = { h: 3_600_000, m: 60_000, s: 1000 } as const;

/** Milliseconds of a duration like `90s`, `5m` or `1h30m`; undefined when it is none or zero. */
export function durationMs(text: string): number | undefined {
  const match = /^(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/.exec(text);
  if (match === null) return undefined;
  const [, h, m, s] = match;
  const ms = Number(h ?? 0) * units.h + Number(m ?? 0) * units.m + Number(s ?? 0) * units.s;
  return ms === 0 ? undefined : ms;
}

/** A duration above zero. */
export const duration: Grammar = (text) =>
  durationMs(text) === undefined
    ? { message: 'is not a duration above zero', hint: 'write e.g. 90s, 5m or 1h30m' }
    : undefined;

/** The two ports of `local:remote`; undefined when the text is something else. */
export function forwardPorts(text: string): { localPort: number; remotePort: number } | undefined {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const localPort = Number(match[1]);
  const remotePort = Number(match[2]);
  const fits = (port: number): boolean => port >= 1 && port <= 65_535;
  return fits(localPort) && fits(remotePort) ? { localPort, remotePort } : undefined;
}

/** A port forward. */
export const forward: Grammar = (text) => {
  if (forwardPorts(text) !== undefined) return undefined;
  return {
    message: 'is not a port forward (local:remote, each from 1 to 65535)',
    hint: /^\d+$/.test(text) ? `write "${text}:${text}"` : 'write e.g. "8080:8080"',
  };
};

/** The condition `NAME=pattern` of an activation. */
export const envCondition: Grammar = (text) =>
  /^[A-Za-z_]\w*=/.test(text)
    ? pattern(text.slice(text.indexOf('=') + 1))
    : {
        message: 'is not NAME=value',
        hint: 'write e.g. "CI=true", or "CI=" for a variable that is empty or not set',
      };

/** A regular expression, perhaps behind the `!` that negates it. */
export const pattern: Grammar = (text) => {
  try {
    new RegExp(text.startsWith('!') ? text.slice(1) : text);
    return undefined;
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message.replace(/^.*: /, '') : String(error);
    return { message: `is not a regular expression: ${reason}` };
  }
};

/** A path inside the document as RFC 6901 writes it: empty, or `/` before each part. */
export const pointer: Grammar = (text) =>
  text === '' || (text.startsWith('/') && !/~(?![01])/.test(text))
    ? undefined
    : {
        message: 'is not a JSON pointer',
        hint: 'begin with "/", e.g. /services/orders/deploy; "~1" stands for "/", "~0" for "~"',
      };

/** A profile's name, as `-p` takes it: a leading `-` would mean "without". */
export const profileName: Grammar = (text) =>
  /^[A-Za-z0-9_][\w.-]*$/.test(text)
    ? undefined
    : { message: 'is not a profile name (letters, digits, "_", "." and "-", not "-" first)' };
