/**
 * What the fake Harbor remembers: projects, robots, scanners, artifacts, scans, quotas and registry tokens, and who may do
 * what. The rules are those that the recorded exchanges with a real Harbor core show. No HTTP here.
 */
import { randomBytes, randomUUID } from 'node:crypto';

/** A right within a project, as robot permissions name them. */
export interface Access {
  readonly resource: string;
  readonly action: string;
}

export interface Permission {
  readonly kind: string;
  /** A project's name, `*` for all projects, `/` for the system. */
  readonly namespace: string;
  readonly access: readonly Access[];
}

export interface Robot {
  readonly id: number;
  /** Full: `robot$shop+ci`. */
  readonly name: string;
  readonly secret: string;
  readonly level: 'project' | 'system';
  readonly permissions: readonly Permission[];
  readonly expiresAt: number;
}

/** Who asks. A registry token carries the rights that it was issued with. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'admin' }
  | { readonly kind: 'robot'; readonly robot: Robot }
  | { readonly kind: 'token'; readonly rights: ReadonlySet<string> };

export interface ImmutableRule {
  readonly id: number;
  readonly tags: string;
  readonly repositories: string;
  readonly disabled: boolean;
}

export interface Project {
  readonly id: number;
  readonly name: string;
  metadata: Record<string, string>;
  /** Bytes; -1 without a limit. */
  storageLimit: number;
  readonly created: string;
  readonly rules: ImmutableRule[];
  /** Sizes of the blobs and manifests that count. */
  readonly blobs: Map<string, number>;
}

export interface Finding {
  readonly id: string;
  readonly package: string;
  readonly version: string;
  readonly fix_version: string;
  readonly severity: string;
}

export interface Scan {
  readonly reportId: string;
  /** What the next looks at it show; empty when it has ended. */
  steps: string[];
  readonly end: 'Success' | 'Error';
  readonly started: string;
  readonly findings: readonly Finding[];
}

export interface StoredTag {
  readonly id: number;
  readonly pushed: string;
}

export interface StoredArtifact {
  readonly id: number;
  readonly repositoryId: number;
  /** With the project: `shop/orders`. */
  readonly repository: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly configMediaType: string;
  readonly configDigest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly config: Readonly<Record<string, unknown>>;
  readonly pushed: string;
  readonly tags: Map<string, StoredTag>;
  scan: Scan | undefined;
}

export interface Scanner {
  readonly uuid: string;
  readonly name: string;
  readonly url: string;
  readonly created: string;
}

interface Token {
  readonly rights: ReadonlySet<string>;
  /** Requests that it is still good for. */
  uses: number;
}

/** How scans go, and how long tokens last. */
export interface StateOptions {
  /** What a new scan shows at the looks at it, one after the other, before it ends. */
  scanSteps?: readonly string[];
  scanEnd?: 'Success' | 'Error';
  /** What each new scan finds. */
  findings?: readonly Finding[];
  /** How many requests a registry token is good for; default: any number. */
  tokenUses?: number;
}

export const adminPassword = 'Harbor12345';

/** From worst to none; the rank decides `prevent_vul`. */
export const severities = ['None', 'Unknown', 'Negligible', 'Low', 'Medium', 'High', 'Critical'];

export class HarborState {
  readonly options: StateOptions;
  readonly projects = new Map<string, Project>();
  readonly robots: Robot[] = [];
  readonly scanners: Scanner[] = [];
  readonly artifacts: StoredArtifact[] = [];
  readonly #tokens = new Map<string, Token>();
  readonly #repositoryIds = new Map<string, number>();
  #nextArtifact = 1;
  #nextTag = 1;

  constructor(options: StateOptions) {
    this.options = options;
    this.createProject('library', { public: 'true' }, -1);
  }

  createProject(name: string, metadata: Record<string, string>, storageLimit: number): Project {
    const project: Project = {
      id: this.projects.size + 1,
      name,
      metadata: { public: 'false', ...metadata },
      storageLimit,
      created: now(),
      rules: [],
      blobs: new Map(),
    };
    this.projects.set(name, project);
    return project;
  }

  createRobot(
    name: string,
    level: 'project' | 'system',
    permissions: readonly Permission[],
    days: number,
  ): Robot {
    const project = permissions[0]?.namespace ?? '';
    const robot: Robot = {
      id: this.robots.length + 1,
      name: level === 'project' ? `robot$${project}+${name}` : `robot$${name}`,
      secret: randomBytes(18).toString('base64url'),
      level,
      permissions,
      expiresAt: days < 0 ? -1 : Math.floor(Date.now() / 1000) + days * 86_400,
    };
    this.robots.push(robot);
    return robot;
  }

  /** By Basic credentials; undefined for wrong ones. */
  login(username: string, password: string): Principal | undefined {
    if (username === 'admin') return password === adminPassword ? { kind: 'admin' } : undefined;
    const robot = this.robots.find(({ name }) => name === username);
    return robot?.secret === password ? { kind: 'robot', robot } : undefined;
  }

  can(who: Principal, project: Project, resource: string, action: string): boolean {
    if (who.kind === 'admin') return true;
    if (resource === 'repository' && action === 'pull' && project.metadata['public'] === 'true') return true;
    if (who.kind === 'token') return who.rights.has(`${project.name}:${action}`);
    if (who.kind === 'anonymous') return false;
    return who.robot.permissions.some(
      ({ kind, namespace, access }) =>
        kind === 'project' &&
        (namespace === '*' || namespace === project.name) &&
        access.some((one) => one.resource === resource && one.action === action),
    );
  }

  canSystem(who: Principal, resource: string, action: string): boolean {
    if (who.kind === 'admin') return true;
    return (
      who.kind === 'robot' &&
      who.robot.permissions.some(
        ({ kind, access }) =>
          kind === 'system' && access.some((one) => one.resource === resource && one.action === action),
      )
    );
  }

  /** A registry token with those of the asked rights that the asker has. It looks like a JWT and is none. */
  issueToken(who: Principal, scopes: readonly string[]): string {
    const rights = new Set<string>();
    for (const scope of scopes) {
      const [, name = '', actions = ''] = /^repository:(.*):([a-z,*]+)$/.exec(scope) ?? [];
      const project = this.projects.get(name.split('/')[0] ?? '');
      if (project === undefined) continue;
      for (const action of actions.split(',')) {
        if (this.can(who, project, 'repository', action)) rights.add(`${project.name}:${action}`);
      }
    }
    const token = ['header', 'claims', 'mark'].map(() => randomBytes(18).toString('base64url')).join('.');
    this.#tokens.set(token, { rights, uses: this.options.tokenUses ?? Infinity });
    return token;
  }

  /** Undefined for one that is unknown or has run out. */
  useToken(text: string): Principal | undefined {
    const token = this.#tokens.get(text);
    if (token === undefined || token.uses <= 0) return undefined;
    token.uses -= 1;
    return { kind: 'token', rights: token.rights };
  }

  expireTokens(): void {
    this.#tokens.clear();
  }

  find(repository: string, reference: string): StoredArtifact | undefined {
    return this.artifacts.find(
      (one) => one.repository === repository && (one.digest === reference || one.tags.has(reference)),
    );
  }

  /** Writes a pushed manifest down. `reference`: tag or digest. */
  addArtifact(
    facts: Omit<StoredArtifact, 'id' | 'repositoryId' | 'pushed' | 'tags' | 'scan'>,
    reference: string,
  ): StoredArtifact {
    let artifact = this.find(facts.repository, facts.digest);
    if (artifact === undefined) {
      const repositoryId = this.#repositoryIds.get(facts.repository) ?? this.#repositoryIds.size + 1;
      this.#repositoryIds.set(facts.repository, repositoryId);
      artifact = {
        ...facts,
        id: this.#nextArtifact,
        repositoryId,
        pushed: now(),
        tags: new Map(),
        scan: undefined,
      };
      this.#nextArtifact += 1;
      this.artifacts.push(artifact);
    }
    if (!reference.includes(':')) {
      for (const other of this.artifacts) {
        if (other.repository === facts.repository) other.tags.delete(reference);
      }
      artifact.tags.set(reference, { id: this.#nextTag, pushed: now() });
      this.#nextTag += 1;
    }
    const project = this.projects.get(facts.repository.split('/')[0] ?? '');
    if (project?.metadata['auto_scan'] === 'true' && this.scanners.length > 0 && artifact.scan === undefined)
      this.startScan(artifact);
    return artifact;
  }

  startScan(artifact: StoredArtifact): void {
    artifact.scan = {
      reportId: randomUUID(),
      steps: [...(this.options.scanSteps ?? ['Pending', 'Running'])],
      end: this.options.scanEnd ?? 'Success',
      started: now(),
      findings: this.options.findings ?? [],
    };
  }

  /** The worst finding's severity. */
  severityOf(scan: Scan): string {
    const ranks = scan.findings.map(({ severity }) => severities.indexOf(severity));
    return severities[Math.max(0, ...ranks)] ?? 'None';
  }

  /** The sentence of a policy that forbids a pull; undefined if it is allowed. */
  preventedBy(artifact: StoredArtifact): string | undefined {
    const project = this.projects.get(artifact.repository.split('/')[0] ?? '');
    if (project?.metadata['prevent_vul'] !== 'true') return undefined;
    const limit = capitalised(project.metadata['severity'] ?? 'low');
    const policy = `cannot be pulled due to configured policy in 'Prevent images with vulnerability severity of "${limit}" or higher from running.' To continue with pull, please contact your project administrator for help.`;
    const { scan } = artifact;
    if (scan === undefined) return `current image without vulnerability scanning ${policy}`;
    const status = scan.steps[0] ?? scan.end;
    if (status !== 'Success')
      return `current image with "${status}" status of vulnerability scanning ${policy}`;
    const bad = scan.findings.filter(
      ({ severity }) => severities.indexOf(severity) >= severities.indexOf(limit),
    );
    return bad.length === 0 ? undefined : `current image with ${bad.length} vulnerabilities ${policy}`;
  }

  isImmutable(repository: string, tag: string): boolean {
    const [name = '', ...rest] = repository.split('/');
    return (this.projects.get(name)?.rules ?? []).some(
      (rule) => !rule.disabled && glob(rule.tags, tag) && glob(rule.repositories, rest.join('/')),
    );
  }

  used(project: Project): number {
    return [...project.blobs.values()].reduce((sum, size) => sum + size, 0);
  }
}

export function now(): string {
  return new Date().toISOString();
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Patterns of the doublestar kind, as far as tests use them: `*` within a part, `**` across parts. */
function glob(pattern: string, text: string): boolean {
  const source = pattern
    .split('**')
    .map((part) => part.split('*').map(escaped).join('[^/]*'))
    .join('.*');
  return new RegExp(`^${source}$`).test(text);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
