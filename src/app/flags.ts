/**
 * All flags of the program by name, each with the type of its value. Commands read `flags.createProject`. A
 * misspelled name does not compile.
 */

const flagKinds = {
  file: 'string',
  profile: 'list',
  'profile-auto-activation': 'boolean',
  namespace: 'string',
  'kube-context': 'string',
  output: 'string',
  color: 'boolean',
  verbose: 'boolean',
  help: 'boolean',
  cleanup: 'boolean',
  adopt: 'boolean',
  'force-conflicts': 'boolean',
  'delete-volumes': 'boolean',
  'ignore-lock': 'boolean',
  artifacts: 'string',
  images: 'list',
  rendered: 'string',
  'dry-run': 'boolean',
  'exit-code': 'boolean',
  authfile: 'string',
  'create-project': 'boolean',
  tests: 'boolean',
  follow: 'boolean',
  since: 'string',
  tail: 'string',
  origin: 'boolean',
} as const;

/** The name of a flag as it is typed, without the dashes in front. */
export type FlagName = keyof typeof flagKinds;

/** All names of flags. */
export const flagNames = Object.keys(flagKinds) as readonly FlagName[];

/**
 * What kind of value a flag has. A `list` can be passed several times. In its variable, commas separate the values.
 */
export type FlagKind = (typeof flagKinds)[FlagName];

interface FlagTypes {
  readonly string: string;
  readonly boolean: boolean;
  readonly list: readonly string[];
}

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name;

/** The values of the flags, from the command line or from their variables. A flag that was not passed is absent. */
export type Flags = { readonly [Name in FlagName as Camel<Name>]?: FlagTypes[(typeof flagKinds)[Name]] };

/** What kind of value this flag has. */
export function kindOf(name: FlagName): FlagKind {
  return flagKinds[name];
}

/** The name of a flag in `Flags`: `createProject` for `create-project`. */
export function keyOf(name: FlagName): keyof Flags {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as keyof Flags;
}
