import type { Digest, DigestAlgorithm } from '#base';

/** An open blob. Reads may overlap; `close` comes last. */
export interface BlobReader {
  readonly size: number;
  /** Fills `into` from `position` on and says how many bytes that were; 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** The bytes of one unfinished upload, open for appending. */
export interface StagedBlob {
  /** Bytes that are written. */
  readonly size: number;
  /** Appends all chunks or throws; after a throw, `size` is what was there before. */
  append(chunks: readonly Uint8Array[]): Promise<void>;
  /** Makes what was appended durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Where blobs' bytes live: content-addressed, shared by all repositories, without any knowledge of them.
 * Uploads grow under an id and get their final name in one step, complete and durable.
 */
export interface BlobDriver {
  open(digest: Digest): Promise<BlobReader | undefined>;
  size(digest: Digest): Promise<number | undefined>;
  /** Opens the upload `id`, new or with the bytes it has. */
  stage(id: string): Promise<StagedBlob>;
  /** Bytes that the upload `id` has; 0 when nothing was written yet. */
  stagedSize(id: string): Promise<number>;
  /** Digest of what the upload `id` has so far. */
  digestStaged(id: string, algorithm: DigestAlgorithm, signal?: AbortSignal): Promise<Digest>;
  /** Feeds what the upload `id` has so far to `update`, to go on hashing after a restart. */
  replayStaged(id: string, update: (chunk: Uint8Array) => void): Promise<void>;
  /**
   * Gives the bytes of upload `id` their final name. When it resolves, bytes and name survive a power
   * cut. A file already there is replaced, which heals a damaged one.
   */
  publish(id: string, digest: Digest): Promise<void>;
  discard(id: string): Promise<void>;
  /** Ids of all unfinished uploads. */
  staged(): Promise<string[]>;
}
