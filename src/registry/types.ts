/** The registry that images are pushed to, by its names, how it was found, the one question that others ask it, and what a login to it is. */
import type { RegistryNames } from '../config/model.ts';
import type { Outcome } from '../core/outcome.ts';

/** A registry chosen for one cluster. */
export interface Registry extends RegistryNames {
  readonly source: 'appdev.yaml' | 'KEP-1755' | 'kind' | 'minikube';
  /** Where whoever set the registry up documents it (KEP-1755 `help`), to be shown when it does not work. */
  readonly help?: string;
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

/** Asks the registry what it has; the proof of a push, and the reason to skip one. */
export interface ManifestReader {
  /**
   * The digest of a manifest (or index), undefined where there is none.
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
 * Looks credentials up for a repository (`host[:port]/path`); undefined where there are none. Fails with
 * REGISTRY_DENIED for a file that cannot be understood, and with TOOL_MISSING for a helper that is not there.
 */
export type FindCredentials = (
  repository: string,
  signal: AbortSignal,
) => Promise<Outcome<Credentials | undefined>>;
