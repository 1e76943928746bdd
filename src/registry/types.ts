/** The registry that images are pushed to, by its names, and how it was found. */

/** A registry chosen for one cluster. All names are `host[:port][/path]`, without a scheme. */
export interface Registry {
  /** Name that this machine pushes to. */
  readonly push: string;
  /** Name that the node pulls from. */
  readonly pull: string;
  /** Name that a pod in the cluster pushes to. */
  readonly inCluster?: string;
  /** Plain HTTP. */
  readonly insecure: boolean;
  readonly source: 'appdev.yaml' | 'KEP-1755' | 'kind' | 'minikube';
}

/** A stock kind or minikube without a registry: the image is loaded into the node by the product's own command. */
export interface ImageLoad {
  readonly kind: 'load';
  readonly product: 'kind' | 'minikube';
  /** Name of the kind cluster or minikube profile. */
  readonly cluster: string;
}

/** Where images go. */
export type ImageTarget = { readonly kind: 'registry'; readonly registry: Registry } | ImageLoad;
