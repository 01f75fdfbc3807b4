import type { LockEntry } from '#schemas';

/** What the lock says of one package beyond the solution; found out by whoever read its manifest. */
export type PackageContent = Pick<
  LockEntry,
  'manifest' | 'config' | 'layers' | 'children' | 'vendored' | 'signatures' | 'signer'
> & {
  /** Registry host; left out when the registry is this machine. */
  readonly host?: string;
};
