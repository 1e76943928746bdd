/**
 * The registry that images are pushed to: its names, how it was found, the one question that others ask it, and what a
 * login to it is.
 */
import type { RegistryNames } from '../config/model.ts';
import type { Outcome } from '../core/outcome.ts';

/** A registry chosen for one cluster. */
export interface Registry extends RegistryNames {
  readonly source: 'appdev.yaml' | 'KEP-1755' | 'kind' | 'minikube';
  /** Documentation from whoever set up the registry (KEP-1755 `help`), shown if it does not work. */
  readonly help?: string;
}

/** A stock kind or minikube without a registry: the product's own command loads the image into the node. */
export interface ImageLoad {
  readonly kind: 'load';
  readonly product: 'kind' | 'minikube';
  /** Name of the kind cluster or minikube profile. */
  readonly cluster: string;
}

/** Where images go. */
export type ImageTarget = { readonly kind: 'registry'; readonly registry: Registry } | ImageLoad;

/** Reads what the registry has: the proof of a push, and the reason to skip one. */
export interface ManifestReader {
  /**
   * The digest of a manifest (or index); undefined if there is none.
   *
   * @param repository as pushed, with the registry's host, without tag: `localhost:5001/orders`.
   * @param reference a tag or a digest.
   */
  headManifest(
    repository: string,
    reference: string,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly digest: string } | undefined>>;
}

/** What proves who we are. `identity`: a token that stands for the login at the registry's token server. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity'; readonly token: string };

/**
 * Looks up credentials for a repository (`host[:port]/path`); undefined if there are none. Fails with REGISTRY_DENIED
 * if a file cannot be understood, or the environment's login is not for this registry, or with TOOL_MISSING if a helper
 * does not exist. `shownTo` is the host that gets to see them, if it is another name of the registry.
 */
export type FindCredentials = (
  repository: string,
  signal: AbortSignal,
  shownTo?: string,
) => Promise<Outcome<Credentials | undefined>>;
