import type { Digest } from '#base';
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
  /** Only the version that this digest is of; `range` must hold for it too. */
  readonly digest?: Digest;
  /** A name of its own, so that two majors of one extension stand side by side: `aws@5 as aws5`. */
  readonly alias?: string;
  /** No override of another layer replaces this range: the stricter layer has the last word. */
  readonly final?: boolean;
  readonly origin: Origin;
}

/** Replaces every range on `repository`, whoever asks for it. */
export interface Override {
  readonly registry: string;
  readonly repository: string;
  readonly range: string;
  readonly origin: Origin;
}

/** If it is there, it must be in this range; nobody is made to have it. */
export interface Constraint {
  readonly registry: string;
  readonly repository: string;
  readonly range: string;
  readonly origin: Origin;
}

/** Versions with a known weakness: never selected. */
export interface Advisory {
  readonly registry: string;
  readonly repository: string;
  /** Affected versions, pre-releases among them by precedence. */
  readonly range: string;
  /** What people look up: `CVE-2026-1234`, `GHSA-…`. */
  readonly advisory: string;
}
