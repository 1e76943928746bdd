/** The types of a valid appdev.yaml. schema.ts checks a file against them; normalize.ts makes the project from them. */

/** The version of the format that this appdev reads. */
export const apiVersion = 'appdev/v1';

type Single = string | number | boolean;

/** An appdev.yaml after profiles and variables, with the defaults that do not depend on other keys. */
export interface ProjectDocument {
  apiVersion: typeof apiVersion;
  name: string;
  cluster: { context?: string; allow: string[]; namespace?: string; createNamespace: boolean };
  registry?: {
    push: string;
    pull?: string;
    inCluster?: string;
    multiLevel?: boolean;
    insecure: boolean;
    copy?: { insecure: boolean };
    ca?: string;
    harbor?: {
      scan?: { severity: 'low' | 'medium' | 'high' | 'critical'; fixableOnly: boolean; deadline: string };
    };
  };
  kaniko?: KanikoDocument;
  tags?: TagsDocument;
  keepImages: number;
  ignore: string[];
  imageKinds: { kind: string; group: string; fields: string[] }[];
  services: Record<string, ServiceDocument>;
}

/** The section `kaniko`: how images are built in pods. */
export interface KanikoDocument {
  image: string;
  namespace?: string;
  serviceAccount?: string;
  nodeSelector: Record<string, string>;
  resources: { requests: Record<string, string | number>; limits: Record<string, string | number> };
  cache?: string;
  mirrors: string[];
  insecureRegistries: string[];
  credentials?: string;
  deadline: string;
}

/** One entry of `services`. */
export interface ServiceDocument {
  path: string;
  jar?: {
    tool: 'auto' | 'maven' | 'gradle';
    module?: string;
    args: string[];
    tests: 'auto' | 'run' | 'skip';
  };
  image?: {
    repository?: string;
    builder: 'buildah' | 'kaniko' | 'command';
    command?: { run: string[]; env: Record<string, Single>; dependencies?: string[] };
    base?: string;
    containerfile?: string;
    context?: string;
    buildArgs?: Record<string, Single>;
    tags?: TagsDocument;
  };
  deploy: DeployDocument;
  dev: { trigger: 'auto' | 'manual'; forward: string[] };
  needs: string[];
}

/** `tags` of the project or of one image. A key that the image does not set is taken from the project. */
export interface TagsDocument {
  template?: string;
  gitCommit?: {
    variant?: 'tag' | 'commit' | 'abbrevCommit' | 'tree' | 'abbrevTree' | 'branch';
    prefix?: string;
    ignoreChanges?: boolean;
  };
  dateTime?: { format?: string; timezone?: string };
}

/** Dotted paths into a chart's values that receive parts of one image. */
export interface ImagePlaceDocument {
  repository?: string;
  tag?: string;
  registry?: string;
  digest?: string;
  sha?: string;
  reference?: string;
  tagOnly: boolean;
}

/** How a service is deployed. check.ts makes sure that exactly one of the three ways is set. */
export interface DeployDocument {
  helm?: {
    chart: string;
    release?: string;
    values: string[];
    set: Record<string, Single>;
    imageValues?: ImagePlaceDocument;
    moreImageValues: ImagePlaceDocument[];
    otherImageValues?: Record<string, ImagePlaceDocument>;
  };
  kustomize?: { path: string; loadRestrictor: 'LoadRestrictionsRootOnly' | 'LoadRestrictionsNone' };
  manifests?: string[];
  namespace?: string;
  deadline: string;
  restartsAllowed: number;
}

/** One entry of `profiles`. The overlay and the patch values stay in the tree, which knows where each was written. */
export interface ProfileDocument {
  name: string;
  activation: ActivationDocument[];
  patches: PatchDocument[];
}

/** Conditions that must all hold. */
export interface ActivationDocument {
  env?: string;
  kubeContext?: string;
  command?: string;
}

/** One JSON patch without its value, which stays in the tree. */
interface PatchDocument {
  op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  path: string;
  from?: string;
}
