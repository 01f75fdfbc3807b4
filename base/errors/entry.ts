import type { ExitName } from './exit-code.js';

/**
 * What the catalogue says of one error code. `message` and `hint` may hold `{name}`, filled from the
 * error's details. `http` is the status our servers answer with.
 */
export interface CatalogueEntry {
  readonly message: string;
  readonly hint: string;
  readonly exit: ExitName;
  readonly http?: number;
  readonly retryable?: boolean;
  /** Another exit for some values of the detail `reason`: what a system error says decides there. */
  readonly exitByReason?: Readonly<Record<string, ExitName>>;
}

/** A failed file access that is a matter of permissions. */
export const PERMISSION_REASONS: Readonly<Record<string, ExitName>> = {
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'permission',
};

/** Keeps the literal keys of a room's part of the catalogue while checking each entry. */
export function entries<const T extends Record<string, CatalogueEntry>>(part: T): T {
  return part;
}
