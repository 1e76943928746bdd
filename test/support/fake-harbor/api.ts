/** The REST side of the fake Harbor (`/api/v2.0`) and its token server, over the state. */
import { empty, forbidden, json, notFound, problem, unauthorized, type Reply } from './answers.ts';
import {
  now,
  severities,
  type HarborState,
  type Permission,
  type Principal,
  type Project,
  type Scan,
  type StoredArtifact,
} from './state.ts';

export interface ApiRequest {
  readonly method: string;
  /** Below `/api/v2.0`, still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly who: Principal;
  readonly body: unknown;
}

type Body = Readonly<Record<string, unknown>>;

const reportType = 'application/vnd.security.vulnerability.report; version=1.1';
const never = '0001-01-01T00:00:00.000Z';

/** `/service/token`: wrong credentials get the token of nobody, as Harbor's do. */
export function tokenReply(state: HarborState, who: Principal, query: URLSearchParams): Reply {
  const scopes = query.getAll('scope').flatMap((scope) => scope.split(' '));
  if (who.kind === 'anonymous' && scopes.length === 0) return unauthorized();
  const body = {
    token: state.issueToken(who, scopes),
    access_token: '',
    expires_in: 1800,
    issued_at: `${now().slice(0, 19)}Z`,
  };
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  };
}

export function apiReply(state: HarborState, request: ApiRequest): Reply {
  const { method, path, query, who } = request;
  const body = (request.body ?? {}) as Body;
  const parts = path.split('/').slice(1);
  const route = `${method} ${parts[0] ?? ''}`;
  if (route === 'GET ping') return json(200, 'Pong');
  if (route === 'GET systeminfo') return json(200, systemInfo());
  if (who.kind === 'anonymous') return unauthorized();
  if (parts[0] === 'projects') return projects(state, request, parts.slice(1), body);
  if (route === 'POST robots') return createRobot(state, who, body);
  if (parts[0] === 'scanners') return scanners(state, method, who, parts[1], body);
  if (parts[0] === 'quotas') return quotas(state, method, who, parts[1], query, body);
  return notFound(`the fake has no ${method} ${path}`);
}

function systemInfo(): Body {
  return {
    auth_mode: 'db_auth',
    banner_message: '',
    oidc_provider_name: '',
    primary_auth_mode: false,
    self_registration: false,
  };
}

function projects(
  state: HarborState,
  { method, query, who }: ApiRequest,
  parts: readonly string[],
  body: Body,
): Reply {
  const [name, ...rest] = parts.map((part) => decodeURIComponent(part));
  if (name === undefined) {
    if (method === 'HEAD') {
      const there = state.projects.has(query.get('project_name') ?? '');
      return there ? empty(200) : empty(404, { 'content-type': 'application/json; charset=utf-8' });
    }
    if (method === 'POST') return createProject(state, who, body);
    return notFound(`the fake has no ${method} /projects`);
  }
  const project =
    state.projects.get(name) ?? [...state.projects.values()].find(({ id }) => String(id) === name);
  if (rest[0] === 'repositories')
    return repositories(state, method, who, query, name, project, rest.slice(1));
  if (project === undefined)
    return who.kind === 'admin' ? notFound(`project ${name} not found`) : forbidden();
  if (rest.length === 0) {
    if (!state.can(who, project, 'project', method === 'GET' ? 'read' : 'update')) return forbidden();
    if (method === 'PUT') {
      project.metadata = { ...project.metadata, ...(body['metadata'] as Record<string, string>) };
      return empty(200);
    }
    return json(200, projectBody(state, project, who));
  }
  if (rest[0] === 'summary') {
    if (!state.can(who, project, 'project', 'read')) return forbidden();
    return json(200, {
      project_admin_count: 1,
      quota: { hard: { storage: project.storageLimit }, used: { storage: state.used(project) } },
      repo_count: repositoriesOf(state, project).size,
    });
  }
  if (rest[0] === 'immutabletagrules' && method === 'POST') {
    if (!state.can(who, project, 'immutable-tag', 'create')) return forbidden();
    const pattern = (list: unknown): string => (list as readonly { pattern: string }[])[0]?.pattern ?? '';
    const selectors = body['scope_selectors'] as { repository: unknown };
    const id = project.rules.length + 1;
    project.rules.push({
      id,
      tags: pattern(body['tag_selectors']),
      repositories: pattern(selectors.repository),
      disabled: body['disabled'] === true,
    });
    return empty(201, { location: `/api/v2.0/projects/${name}/immutabletagrules/${id}` });
  }
  return notFound(`the fake has no ${method} of ${rest.join('/')}`);
}

function createProject(state: HarborState, who: Principal, body: Body): Reply {
  if (!state.canSystem(who, 'project', 'create')) {
    return who.kind === 'robot' && who.robot.level === 'project'
      ? forbidden('Only system level robot can create project')
      : forbidden();
  }
  const name = String(body['project_name']);
  if (!/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name)) {
    return problem(400, 'BAD_REQUEST', 'project name is not in lower case or contains illegal characters');
  }
  if (state.projects.has(name)) return problem(409, 'CONFLICT', `The project named ${name} already exists`);
  const limit = body['storage_limit'];
  const project = state.createProject(
    name,
    (body['metadata'] ?? {}) as Record<string, string>,
    typeof limit === 'number' ? limit : -1,
  );
  return empty(201, { location: `/api/v2.0/projects/${project.id}` });
}

function projectBody(state: HarborState, project: Project, who: Principal): Body {
  return {
    creation_time: project.created,
    ...(who.kind === 'admin'
      ? { current_user_role_id: 1, current_user_role_ids: [1] }
      : { current_user_role_ids: null }),
    cve_allowlist: {
      creation_time: never,
      id: project.id,
      items: [],
      project_id: project.id,
      update_time: never,
    },
    metadata: project.metadata,
    name: project.name,
    owner_id: 1,
    owner_name: 'admin',
    project_id: project.id,
    repo_count: repositoriesOf(state, project).size,
    update_time: project.created,
  };
}

function repositoriesOf(state: HarborState, project: Project): ReadonlySet<string> {
  return new Set(
    state.artifacts
      .map(({ repository }) => repository)
      .filter((repository) => repository.startsWith(`${project.name}/`)),
  );
}

function repositories(
  state: HarborState,
  method: string,
  who: Principal,
  query: URLSearchParams,
  projectName: string,
  project: Project | undefined,
  [encoded, kind, reference, ...rest]: readonly string[],
): Reply {
  // Encoded once or twice: by now decoded once.
  const repository = `${projectName}/${decodeURIComponent(encoded ?? '')}`;
  const may = (resource: string, action: string): boolean =>
    who.kind === 'admin' || (project !== undefined && state.can(who, project, resource, action));
  if (kind === undefined) {
    if (!may('repository', 'read')) return forbidden();
    return notFound(`repository ${repository} not found`);
  }
  if (reference === undefined) {
    if (!may('artifact', 'list')) return forbidden();
    const all = state.artifacts.filter((one) => one.repository === repository);
    return json(
      200,
      all.map((one) => artifactBody(state, one, query)),
      { 'x-total-count': String(all.length) },
    );
  }
  const [resource, action] =
    rest[0] === 'scan'
      ? ['scan', 'create']
      : rest[0] === 'additions'
        ? ['artifact-addition', 'read']
        : rest[0] === 'tags'
          ? ['tag', method === 'DELETE' ? 'delete' : 'create']
          : ['artifact', 'read'];
  if (!may(resource, action)) return forbidden();
  const artifact = state.find(repository, reference);
  if (artifact === undefined) {
    return notFound(
      project === undefined
        ? `repository ${repository} not found`
        : `artifact ${repository}:${reference} not found`,
    );
  }
  if (rest.length === 0) return json(200, artifactBody(state, artifact, query));
  if (rest[0] === 'scan' && method === 'POST') {
    if (state.scanners.length === 0)
      return problem(412, 'PRECONDITION', `no available scanner for project: ${project?.id ?? 0}`);
    state.startScan(artifact);
    return empty(202);
  }
  if (rest[0] === 'additions') {
    const { scan } = artifact;
    return json(
      200,
      scan === undefined || scan.steps.length > 0 ? {} : { [reportType]: reportBody(state, scan) },
    );
  }
  if (rest[0] === 'tags' && method === 'DELETE') {
    const tag = rest[1] ?? '';
    if (state.isImmutable(repository, tag))
      return problem(412, 'PRECONDITION', `the tag ${tag} configured as immutable, cannot be deleted`);
    artifact.tags.delete(tag);
    return empty(200);
  }
  return notFound(`the fake has no ${method} of ${rest.join('/')}`);
}

function artifactBody(state: HarborState, artifact: StoredArtifact, query: URLSearchParams): Body {
  const { digest, repository } = artifact;
  const [project = '', ...path] = repository.split('/');
  const at = `/api/v2.0/projects/${project}/repositories/${path.join('%252F')}/artifacts`;
  const link = (href: string): Body => ({ absolute: false, href });
  const withImmutable = query.get('with_immutable_status') === 'true';
  const overview = query.get('with_scan_overview') === 'true' ? overviewBody(state, artifact) : {};
  const { config } = artifact;
  return {
    accessories: null,
    addition_links: {
      build_history: link(`${at}/${digest}/additions/build_history`),
      ...(state.scanners.length === 0
        ? {}
        : {
            // As recorded, without the digest.
            sboms: link(`${at}//additions/sbom`),
            vulnerabilities: link(`${at}/${digest}/additions/vulnerabilities`),
          }),
    },
    ...(artifact.annotations === undefined ? {} : { annotations: artifact.annotations }),
    artifact_type: artifact.configMediaType,
    digest,
    extra_attrs: {
      architecture: config['architecture'],
      author: config['author'] ?? '',
      config: config['config'] ?? {},
      created: config['created'],
      os: config['os'],
    },
    icon: `sha256:${'0'.repeat(64)}`,
    id: artifact.id,
    labels: null,
    manifest_media_type: artifact.mediaType,
    media_type: artifact.configMediaType,
    project_id: state.projects.get(project)?.id,
    pull_time: never,
    push_time: artifact.pushed,
    references: null,
    repository_id: artifact.repositoryId,
    repository_name: repository,
    ...overview,
    size: artifact.size,
    tags: [...artifact.tags].map(([name, { id, pushed }]) => ({
      artifact_id: artifact.id,
      id,
      immutable: withImmutable && state.isImmutable(repository, name),
      name,
      pull_time: never,
      push_time: pushed,
      repository_id: artifact.repositoryId,
    })),
    type: 'IMAGE',
  };
}

/** Absent without a scan. Each look takes the scan a step on. */
function overviewBody(state: HarborState, { scan }: StoredArtifact): Body {
  if (scan === undefined) return {};
  const status = scan.steps.shift() ?? scan.end;
  const common = { report_id: scan.reportId, scan_status: status };
  if (status !== 'Success') {
    const start_time = status === 'Pending' || status === 'Scheduled' ? never : scan.started;
    return { scan_overview: { [reportType]: { ...common, end_time: never, start_time } } };
  }
  const summary: Record<string, number> = {};
  for (const { severity } of scan.findings) summary[severity] = (summary[severity] ?? 0) + 1;
  return {
    scan_overview: {
      [reportType]: {
        complete_percent: 100,
        duration: 4,
        end_time: now(),
        ...common,
        scanner: { name: 'standin', vendor: 'none', version: '1' },
        severity: state.severityOf(scan),
        start_time: scan.started,
        summary: {
          fixable: scan.findings.filter(({ fix_version }) => fix_version !== '').length,
          summary,
          total: scan.findings.length,
        },
      },
    },
  };
}

function reportBody(state: HarborState, scan: Scan): Body {
  return {
    generated_at: scan.started,
    scanner: { name: 'standin', vendor: 'none', version: '1' },
    severity: state.severityOf(scan),
    vulnerabilities: [...scan.findings].sort(
      (a, b) => severities.indexOf(b.severity) - severities.indexOf(a.severity),
    ),
  };
}

function createRobot(state: HarborState, who: Principal, body: Body): Reply {
  if (who.kind !== 'admin') return forbidden();
  const level = body['level'] === 'system' ? 'system' : 'project';
  const permissions = body['permissions'] as readonly Permission[];
  const robot = state.createRobot(String(body['name']), level, permissions, Number(body['duration']));
  return json(
    201,
    {
      creation_time: now(),
      expires_at: robot.expiresAt,
      id: robot.id,
      name: robot.name,
      secret: robot.secret,
    },
    { location: `/api/v2.0/robots/${robot.id}` },
  );
}

function scanners(
  state: HarborState,
  method: string,
  who: Principal,
  uuid: string | undefined,
  body: Body,
): Reply {
  if (who.kind !== 'admin') return forbidden();
  if (method === 'POST') {
    const id = `37033d9f-e55f-11f1-81f5-${String(state.scanners.length).padStart(12, '0')}`;
    state.scanners.push({ uuid: id, name: String(body['name']), url: String(body['url']), created: now() });
    return empty(201, { location: `/api/v2.0/scanners/${id}` });
  }
  if (method === 'PATCH') {
    return state.scanners.some((one) => one.uuid === uuid)
      ? empty(200)
      : notFound(`scanner ${uuid} not found`);
  }
  const list = state.scanners.map(({ uuid: id, name, url, created }) => ({
    access_credential: '',
    auth: '',
    capabilities: { support_vulnerability: true },
    create_time: created,
    description: '',
    disabled: false,
    is_default: true,
    name,
    skip_certVerify: true,
    update_time: created,
    url,
    use_internal_addr: false,
    uuid: id,
  }));
  return json(200, list, { 'x-total-count': String(list.length) });
}

function quotas(
  state: HarborState,
  method: string,
  who: Principal,
  id: string | undefined,
  _query: URLSearchParams,
  body: Body,
): Reply {
  if (who.kind !== 'admin') return forbidden();
  if (method === 'PUT') {
    const project = [...state.projects.values()].find((one) => String(one.id) === id);
    if (project === undefined) return notFound(`quota ${id} not found`);
    project.storageLimit = (body['hard'] as { storage: number }).storage;
    return empty(200);
  }
  const list = [...state.projects.values()].reverse().map((project) => ({
    creation_time: project.created,
    hard: { storage: project.storageLimit },
    id: project.id,
    ref: { id: project.id, name: project.name, owner_name: '' },
    update_time: project.created,
    used: { storage: state.used(project) },
  }));
  return json(200, list, { 'x-total-count': String(list.length) });
}
