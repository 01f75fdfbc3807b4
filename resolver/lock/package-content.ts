import type { LocalLockEntry, RemoteLockEntry } from '#schemas';

/** What the lock says of one package beyond the solution; found out by whoever read its manifest. */
export type PackageContent = RegistryContent | LocalContent;

export type RegistryContent = Pick<
  RemoteLockEntry,
  'manifest' | 'config' | 'layers' | 'children' | 'vendored' | 'signatures' | 'signer' | 'publishedAt'
> & {
  /** Registry host; left out when the registry is this machine. */
  readonly host?: string;
};

/** A directory of the workspace. */
export type LocalContent = LocalLockEntry['source'];
