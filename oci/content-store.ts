import type { Digester } from '#base';
import type { Descriptor } from '#schemas';

/** How far the transfer of one piece of content is. */
export interface ByteProgress {
  /** Bytes of it that have arrived; goes back when a try begins again. */
  readonly done: number;
  /** Of these, what an earlier run had brought. */
  readonly resumed: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of the bytes of `push`, and of what is fetched into a cache, often. */
  readonly onProgress?: ((progress: ByteProgress) => void) | undefined;
}

export interface PushOptions extends CallOptions {
  /**
   * The source gives its last bytes only when size and digest are those of the descriptor, as every `fetch` does:
   * they need not be hashed again.
   */
  readonly checked?: boolean | undefined;
  /** The caller knows that the store does not have it, which need not be asked again. */
  readonly absent?: boolean | undefined;
}

/** Bytes that can be read again from the start, so that a failed push can be repeated. */
export type ByteSource = () => AsyncIterable<Uint8Array>;

/**
 * The content of one repository, by descriptor. Every implementation checks what it reads from outside
 * against digest and size and never shows partial content.
 * @throws OCI_CONTENT_MISSING when the content is not there; OCI_DIGEST_MISMATCH, OCI_SIZE_MISMATCH.
 */
export interface ReadStore {
  /** For messages: which side failed (`registry.example/ns/name`, `oci-layout:…`). */
  readonly label: string;
  fetch(descriptor: Descriptor, options?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
  exists(descriptor: Descriptor, options?: CallOptions): Promise<boolean>;
  /** The descriptor of a tag or a digest. @throws OCI_REFERENCE_NOT_FOUND */
  resolve(tagOrDigest: string, options?: CallOptions): Promise<Descriptor>;
  /** The same, undefined for what is not there: where that is known without a failure. Use `resolveOptional`. */
  resolveOptional?(tagOrDigest: string, options?: CallOptions): Promise<Descriptor | undefined>;
  /** Every tag, sorted. */
  list(options?: CallOptions): Promise<readonly string[]>;
  /** Manifests whose `subject` is `descriptor`, sorted by digest; filtered by artifact type when given. */
  referrers(
    descriptor: Descriptor,
    artifactType?: string,
    options?: CallOptions,
  ): Promise<readonly Descriptor[]>;
}

export interface WriteStore {
  readonly label: string;
  /** Stores content; a no-op when it is there. Nothing is visible until all bytes matched the descriptor. */
  push(descriptor: Descriptor, source: ByteSource, options?: PushOptions): Promise<void>;
  /** Points `tag` at a manifest that is already there. @throws OCI_TAG_CONFLICT when the tag is immutable. */
  tag(descriptor: Descriptor, tag: string, options?: CallOptions): Promise<void>;
}

export interface ContentStore extends ReadStore, WriteStore {}

/** What is known of the referrers of a subject and how far it can be trusted. */
export interface ReferrersAnswer {
  /** Sorted by digest. */
  readonly descriptors: readonly Descriptor[];
  readonly from: readonly ('api' | 'tag')[];
  /** False when the registry's answer was outside the spec: something may be hidden. */
  readonly certain: boolean;
  readonly reason?: string | undefined;
}

/** A store that may not know all referrers, and says so. */
export interface DoubtingStore extends ReadStore {
  inspectReferrers(
    subject: Descriptor,
    artifactType?: string,
    options?: CallOptions,
  ): Promise<ReferrersAnswer>;
}

export function mayDoubt(store: ReadStore): store is DoubtingStore {
  return 'inspectReferrers' in store;
}

/** A store that can take a blob from another repository on the same registry without moving bytes. */
export interface MountingStore {
  mount(descriptor: Descriptor, fromRepository: string, options?: CallOptions): Promise<boolean>;
}

/** A store that takes a manifest and a tag for it in one step, where others store it first and tag it then. */
export interface TaggingStore {
  /** @throws OCI_TAG_CONFLICT when the tag is immutable and points elsewhere. */
  pushTagged(
    manifest: { readonly descriptor: Descriptor; readonly bytes: Uint8Array },
    tag: string,
    options?: CallOptions,
  ): Promise<void>;
}

/** A store that gives a manifest by its tag in one step, where others ask for the digest first. */
export interface ManifestStore extends ReadStore {
  fetchManifest(
    tagOrDigest: string,
    options?: CallOptions,
  ): Promise<{ readonly descriptor: Descriptor; readonly bytes: Uint8Array }>;
}

export function hasManifests(store: ReadStore): store is ManifestStore {
  return 'fetchManifest' in store;
}

/** A store that can give the rest of a blob whose beginning is at hand. */
export interface ResumableStore extends ReadStore {
  /** The bytes after those that `digester` has hashed, which it hashes too; the digest of the whole is checked. */
  fetchRest(
    descriptor: Descriptor,
    digester: Digester,
    options?: CallOptions,
  ): Promise<AsyncIterable<Uint8Array>>;
}

export function isResumable(store: ReadStore): store is ResumableStore {
  return 'fetchRest' in store;
}
