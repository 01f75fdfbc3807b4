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
}

/** Keeps the literal keys of a room's part of the catalogue while checking each entry. */
export function entries<const T extends Record<string, CatalogueEntry>>(part: T): T {
  return part;
}
