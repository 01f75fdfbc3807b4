import type { Kind } from '#schemas';

/** Where a person wrote something: shown in explanations, never stored in a lock. */
export interface Origin {
  readonly file: string;
  readonly line?: number;
  /** `workspace`, `infra:NAME`, `command line`… */
  readonly layer: string;
}

/** One thing the user asks for. `repository` is `namespace/name`, `registry` the registry's id. */
export interface Requirement {
  readonly registry: string;
  readonly repository: string;
  /** npm semver range; a comma means "and". */
  readonly range: string;
  readonly kind?: Kind;
  readonly origin: Origin;
}

/** Replaces every range on `repository`, whoever asks for it. */
export interface Override {
  readonly registry: string;
  readonly repository: string;
  readonly range: string;
  readonly origin: Origin;
}
