/**
 * The environment of an image command. It is the command's contract with appdev, documented in docs/config.md
 * ("Building by a command"). Owns the names of the variables and the form of the credentials file. Pure.
 */
import type { CommandSource } from '../../../config/model.ts';
import type { Credentials } from '../../../registry/types.ts';
import { splitRegistryName } from '../../../registry/reference.ts';
import type { Jar } from '../../types.ts';

/** What a command is told. */
export interface CommandFacts {
  readonly service: string;
  readonly source: CommandSource;
  readonly jar: Jar | undefined;
  /** Name to push to, with host, without tag. */
  readonly repository: string;
  readonly tag: string;
  /** True if the registry speaks plain HTTP. */
  readonly insecure: boolean;
  /** File to which the command may write the digest. */
  readonly digestFile: string;
  /** File with the credentials for the registry, in Docker's form. */
  readonly authFile: string;
  /** PEM file of the private authority to trust for the registry; undefined if there is none. */
  readonly authority: string | undefined;
  /** Folder for temporary files. It is removed afterwards. */
  readonly temporary: string;
  /** The time that the image must carry, in seconds since 1970. `command.env` can name another. */
  readonly sourceDateEpoch: string;
}

/**
 * The variables. `SOURCE_DATE_EPOCH` (reproducible-builds.org) makes builders that know it, such as BuildKit, leave the
 * build time out of the image, so equal content has an equal digest.
 */
export function commandEnvironment(facts: CommandFacts): Record<string, string | undefined> {
  const { service, source, jar, repository, tag, insecure } = facts;
  return {
    SOURCE_DATE_EPOCH: facts.sourceDateEpoch,
    TMPDIR: facts.temporary,
    ...source.env,
    APPDEV_SERVICE: service,
    APPDEV_IMAGE: `${repository}:${tag}`,
    APPDEV_REPOSITORY: repository,
    APPDEV_TAG: tag,
    APPDEV_CONTEXT: source.context,
    APPDEV_CONTAINERFILE: source.containerfile,
    APPDEV_PLATFORM: platformOf(process.arch),
    APPDEV_JAR: jar?.built,
    APPDEV_REGISTRY: splitRegistryName(repository).host,
    APPDEV_REGISTRY_INSECURE: String(insecure),
    APPDEV_AUTHFILE: facts.authFile,
    APPDEV_REGISTRY_CA: facts.authority,
    APPDEV_DIGEST_FILE: facts.digestFile,
  };
}

/** The platform of this machine, as images name it (OCI image index, `platform`, with Go's names of architectures). */
export function platformOf(arch: string): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  return `linux/${names[arch] ?? arch}`;
}

/** The text of a credentials file for one registry, or for none. Docker, BuildKit, podman and skopeo read this form. */
export function authFileText(host: string, credentials: Credentials | undefined): string {
  return JSON.stringify({ auths: credentials === undefined ? {} : { [host]: authEntry(credentials) } });
}

function authEntry(credentials: Credentials): Readonly<Record<string, string>> {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  if (credentials.kind === 'password') {
    return { auth: encode(`${credentials.username}:${credentials.password}`) };
  }
  // podman and skopeo ignore an entry whose `auth` has no user name, even if there is a token beside it.
  return { auth: encode('<token>:'), identitytoken: credentials.token };
}

/** The parts of credentials that must not be shown. */
export function secretsOf(credentials: Credentials | undefined): readonly string[] {
  if (credentials === undefined) return [];
  if (credentials.kind === 'identity') return [credentials.token];
  return [credentials.password, `${credentials.username}:${credentials.password}`];
}
