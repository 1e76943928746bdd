/** The data that a valid appdev.yaml is made of: what schema.ts checks, and what normalize.ts makes the project from. */

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
    insecure: boolean;
    ca?: string;
    harbor?: {
      scan?: { severity: 'low' | 'medium' | 'high' | 'critical'; fixableOnly: boolean; deadline: string };
    };
  };
  keepImages: number;
  ignore: string[];
  services: Record<string, ServiceDocument>;
}

/** One entry of `services`. */
export interface ServiceDocument {
  path: string;
  jar?: { tool: 'auto' | 'maven'; module?: string; args: string[]; tests: 'auto' | 'run' | 'skip' };
  image?: {
    repository?: string;
    builder: 'buildah';
    base?: string;
    containerfile?: string;
    context?: string;
    buildArgs?: Record<string, Single>;
  };
  deploy: DeployDocument;
  dev: { trigger: 'auto' | 'manual'; forward: string[] };
  needs: string[];
}

/** How a service is deployed; check.ts sees to it that exactly one of the three ways is there. */
export interface DeployDocument {
  helm?: {
    chart: string;
    release?: string;
    values: string[];
    set: Record<string, Single>;
    imageValues: { repository: string; tag: string };
  };
  kustomize?: { path: string };
  manifests?: string[];
  namespace?: string;
  deadline: string;
  restartsAllowed: number;
}

/** One entry of `profiles`. Overlay and patches are read from the tree, which knows where each value was written. */
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

/** One JSON patch, without its value. */
interface PatchDocument {
  op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  path: string;
  from?: string;
}
