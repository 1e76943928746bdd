/**
 * The rules for single values of appdev.yaml: names, image references, durations, ports. These are pure functions from a
 * text to a complaint; they know nothing about keys, files or positions. A value that becomes an argument of a program
 * must not begin with `-`, because the program would take it for an option.
 */
import { nearest } from '../text/nearest.ts';
import { isDateFormat, isTimeZone, tagParts } from './tags.ts';

/** Why a text is wrong for its key. */
interface Complaint {
  /** Continues the sentence `"<the text>" …`. */
  readonly message: string;
  readonly hint?: string;
}

/** Checks one text. Returns `undefined` if it is valid. */
export type Grammar = (text: string) => Complaint | undefined;

const control = /[\u0000-\u001f\u007f]/;

/** A label by RFC 1123, which Kubernetes requires for most names: at most 63 characters of `a-z`, `0-9` and `-`. */
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

/** The longest name of a Helm release. The limit is Helm's own: it leaves 10 of 63 characters to what charts append. */
export const maxReleaseName = 53;

/** A Helm release name: dot-separated labels. */
export const releaseName: Grammar = (text) =>
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text) &&
  text.length <= maxReleaseName
    ? undefined
    : { message: 'is not a Helm release name (a-z, 0-9, "-" and "." inside, at most 53 characters)' };

/** A text that becomes one argument of a program: not empty, no control characters, no leading `-`. */
export const argument: Grammar = (text) => {
  if (text === '') return { message: 'is empty' };
  if (control.test(text)) return { message: 'holds a control character' };
  return text.startsWith('-')
    ? { message: 'begins with "-", so the program that gets it would take it for an option' }
    : undefined;
};

/** A path of the file system. A file whose name begins with `-` is written `./-x`. */
export const path: Grammar = (text) => {
  const complaint = argument(text);
  return complaint !== undefined && text.startsWith('-')
    ? { ...complaint, hint: `write ./${text}` }
    : complaint;
};

// Host, component, tag and digest follow the reference grammar of distribution (reference/reference.go).
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const hostPort =
  '(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)(?:\\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?';
const bracketed = '\\[[0-9a-fA-F:.]+\\](?::[0-9]{1,5})?';
// The first component counts as a host only if it has a dot or a port, or is `localhost`.
const repositoryName = new RegExp(
  `^(?:(?=[^/]*[.:]|localhost/)(?:${hostPort}|${bracketed})/)?${component}(?:/${component})*$`,
);
const registryName = new RegExp(`^(?:${hostPort}|${bracketed})(?:/${component})*$`);
const reference = new RegExp(
  `^(?:(?:${hostPort}|${bracketed})/)?${component}(?:/${component})*(?::\\w[\\w.-]{0,127})?(?:@[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,})?$`,
);

/** A repository below the project's registry, or one with a host of its own; without tag and digest. */
export const repository: Grammar = (text) => {
  if (repositoryName.test(text) && text.length <= 255) return undefined;
  const message = 'is not an image repository (lower case, e.g. orders or shop/orders)';
  if (/[:@]/.test(text)) {
    return {
      message,
      hint: 'leave out tag and digest; the build supplies them',
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
    hint: `leave out ${scheme[0]}${scheme[1] === 'http' ? '; for plain HTTP, set `insecure: true`' : ''}`,
  };
};

/** A chart: a path, or a reference that Helm fetches (`oci://host/path`). */
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

/** A dotted path into an object, with `[]` for every item of a list: `spec.steps[].image`. */
export const fieldPath: Grammar = (text) =>
  /^[\w$-]+(\[\])*(\.[\w$-]+(\[\])*)*$/.test(text)
    ? undefined
    : { message: 'is not a path into an object (e.g. spec.image, or spec.steps[].image)' };

/** A kind of Kubernetes objects. */
export const kind: Grammar = (text) =>
  /^[A-Z][A-Za-z0-9]*$/.test(text)
    ? undefined
    : { message: 'is not a kind (e.g. ScaledJob); its group and version stand elsewhere' };

/** An API group without its version; empty for the core group. */
export const apiGroup: Grammar = (text) => {
  if (/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$/.test(text)) return undefined;
  const group = text.split('/')[0] ?? '';
  return {
    message: 'is not an API group (e.g. keda.sh)',
    ...(text.includes('/') ? { hint: `write ${group}, without the version` } : {}),
  };
};

/** The name of a build argument. */
export const buildArgName: Grammar = (text) =>
  /^[A-Za-z_]\w*$/.test(text)
    ? undefined
    : { message: 'is not the name of a build argument (letters, digits, "_")' };

/** The template of a tag: text with parts in braces. Characters that a tag must not have are replaced later. */
export const tagTemplate: Grammar = (text) => {
  if (text === '') return { message: 'is empty' };
  const names = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name ?? '');
  const unknown = names.find((name) => !tagParts.some((part) => part === name));
  const known = tagParts.map((part) => `{${part}}`).join(', ');
  if (unknown !== undefined) {
    const near = nearest(unknown, tagParts);
    return {
      message: `has the unknown part {${unknown}}`,
      hint: near === undefined ? `parts: ${known}` : `did you mean {${near}}?`,
    };
  }
  if (!/[{}]/.test(text.replace(/\{[^{}]*\}/g, ''))) return undefined;
  return { message: 'has an opening or closing brace without the other one', hint: `parts: ${known}` };
};

/** The format of a date in a tag, as `isDateFormat` accepts it. */
export const dateFormat: Grammar = (text) =>
  isDateFormat(text)
    ? undefined
    : {
        message: 'is not a date format (yyyy, MM, dd, HH, mm, ss, SSS, and no other letters)',
        hint: 'write e.g. yyyy-MM-dd_HH-mm-ss',
      };

/** The name of a time zone, as `isTimeZone` accepts it. */
export const timeZone: Grammar = (text) =>
  isTimeZone(text)
    ? undefined
    : { message: 'is not a time zone', hint: 'write UTC, or a name like Europe/Berlin' };

/** One word of a command that the user wrote and appdev runs unchanged. It may be empty or begin with `-`. */
export const commandWord: Grammar = (text) =>
  text.includes('\0') ? { message: 'holds a NUL character, which an argument cannot have' } : undefined;

/** The name of an environment variable for a command. Names with `APPDEV_` are reserved, because appdev sets them. */
export const commandVariable: Grammar = (text) => {
  if (!/^[A-Za-z_]\w*$/.test(text))
    return { message: 'is not the name of a variable (letters, digits, "_")' };
  return text.startsWith('APPDEV_')
    ? { message: 'begins with APPDEV_, but appdev sets those variables itself', hint: 'choose another name' }
    : undefined;
};

/** One module of a build: a relative folder, `[groupId]:artifactId` as Maven's `-pl` takes it, or `:a:b` of Gradle. */
export const jarModule: Grammar = (text) => {
  if (/^[!+?]|,/.test(text)) {
    return {
      message: 'is not one module',
      hint: 'name one folder or :artifactId; the modules it depends on are built too',
    };
  }
  return argument(text);
};

const units = { h: 3_600_000, m: 60_000, s: 1000 } as const;

/** The milliseconds of a duration like `90s`, `5m` or `1h30m`; undefined if the text is not a duration, or is zero. */
export function durationMs(text: string): number | undefined {
  const match = /^(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/.exec(text);
  if (match === null) return undefined;
  const [, h, m, s] = match;
  const ms = Number(h ?? 0) * units.h + Number(m ?? 0) * units.m + Number(s ?? 0) * units.s;
  return ms === 0 ? undefined : ms;
}

/** A duration above zero, as `durationMs` reads it. */
export const duration: Grammar = (text) =>
  durationMs(text) === undefined
    ? { message: 'is not a duration above zero', hint: 'write e.g. 90s, 5m or 1h30m' }
    : undefined;

/** The two ports of `local:remote`, each from 1 to 65535; undefined if the text is anything else. */
export function forwardPorts(text: string): { localPort: number; remotePort: number } | undefined {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const localPort = Number(match[1]);
  const remotePort = Number(match[2]);
  const fits = (port: number): boolean => port >= 1 && port <= 65_535;
  return fits(localPort) && fits(remotePort) ? { localPort, remotePort } : undefined;
}

/** A port forward, as `forwardPorts` reads it. */
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

/** A regular expression, with or without a leading `!` that negates it. */
export const pattern: Grammar = (text) => {
  try {
    new RegExp(text.startsWith('!') ? text.slice(1) : text);
    return undefined;
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message.replace(/^.*: /, '') : String(error);
    return { message: `is not a regular expression: ${reason}` };
  }
};

/** A path inside the document in the syntax of RFC 6901: empty, or `/` before each part. */
export const pointer: Grammar = (text) =>
  text === '' || (text.startsWith('/') && !/~(?![01])/.test(text))
    ? undefined
    : {
        message: 'is not a JSON pointer',
        hint: 'begin with "/", e.g. /services/orders/deploy; "~1" stands for "/", "~0" for "~"',
      };

/** A profile's name, as `-p` takes it. It must not begin with `-`, because `-p -name` means "without this profile". */
export const profileName: Grammar = (text) =>
  /^[A-Za-z0-9_][\w.-]*$/.test(text)
    ? undefined
    : {
        message: 'is not a profile name (letters, digits, "_", "." and "-", but no "-" or "." at the start)',
      };
