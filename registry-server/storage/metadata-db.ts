import type { Digest, DigestAlgorithm } from '#base';
import type { DependencyFacts, Descriptor, Kind, LifecycleState } from '#schemas';

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** What the server keeps of an extension's config blob. */
export interface ExtensionRecord {
  readonly name: string;
  readonly kind: Kind;
  readonly version: string;
  readonly description: string;
  readonly deps: DependencyFacts;
  /** The manifest's own reason, and what it names instead. */
  readonly deprecated?: string | undefined;
  readonly replacement?: string | undefined;
  /** Tags and category of the manifest, for the search. */
  readonly keywords?: readonly string[] | undefined;
}

/** What the referrers of an extension say: its state, when a status counts, and whose signatures it has. */
export interface LifecycleRecord {
  readonly state?: LifecycleState | undefined;
  readonly reason?: string | undefined;
  readonly replacement?: string | undefined;
  /** Key ids, sorted. */
  readonly signers: readonly string[];
}

/** A manifest to store, with everything that must hold at the moment it becomes visible. */
export interface ManifestWrite {
  readonly repository: string;
  readonly manifest: StoredManifest;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly subject: Digest | undefined;
  /** Blobs and child manifests that must be in the repository. */
  readonly blobs: readonly Digest[];
  readonly children: readonly Digest[];
  readonly tags: readonly string[];
  /** Tags may not exist with another digest (`If-None-Match: *`). */
  readonly createOnly: boolean;
  /** Digests of which one must be the tag's (`If-Match`); `*` stands for any. */
  readonly expected: readonly string[] | undefined;
  readonly extension: ExtensionRecord | undefined;
}

export interface UploadRecord {
  readonly id: string;
  readonly repository: string;
  readonly algorithm: DigestAlgorithm;
  readonly startedAt: number;
}

export interface Page {
  readonly limit: number;
  /** Only what sorts after this. */
  readonly after?: string | undefined;
}

/** One published version of an extension: a version tag and what it points to. */
export interface PublishedVersion {
  readonly repository: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly size: number;
  readonly publishedAt: number;
  readonly extension: ExtensionRecord;
  readonly lifecycle?: LifecycleRecord | undefined;
}

/**
 * The registry's truth: repositories, manifests, tags, links to blobs, uploads. Every write is one
 * atomic step and resolves when it is durable. Times are milliseconds since 1970.
 */
export interface MetadataDb {
  hasRepository(repository: string): Promise<boolean>;
  listRepositories(page: Page): Promise<string[]>;

  /** Size of a blob that is in the repository. */
  findBlob(repository: string, digest: Digest): Promise<number | undefined>;
  /** Records a published blob, puts it in the repository and ends the upload. */
  addBlob(
    repository: string,
    blob: { digest: Digest; size: number; upload?: string | undefined },
  ): Promise<void>;
  /** Puts a blob that another repository has (`from`, or any) in this one; false when there is none. */
  mountBlob(repository: string, digest: Digest, from: string | undefined): Promise<boolean>;
  /** @throws REGISTRY_BLOB_UNKNOWN, REGISTRY_BLOB_REFERENCED */
  removeBlob(repository: string, digest: Digest): Promise<void>;

  addUpload(upload: UploadRecord): Promise<void>;
  findUpload(id: string): Promise<UploadRecord | undefined>;
  removeUpload(id: string): Promise<void>;
  listUploads(): Promise<UploadRecord[]>;

  findManifest(repository: string, digest: Digest): Promise<StoredManifest | undefined>;
  findTag(repository: string, tag: string): Promise<Digest | undefined>;
  /**
   * @throws REGISTRY_MANIFEST_BLOB_UNKNOWN, REGISTRY_TAG_IMMUTABLE, REGISTRY_TAG_EXISTS, REGISTRY_TAG_CHANGED, REGISTRY_VERSION_DELETED,
   * REGISTRY_EXTENSION_KIND_TAKEN, REGISTRY_EXTENSION_NAME_COLLISION, REGISTRY_VERSION_COLLISION
   */
  putManifest(write: ManifestWrite): Promise<void>;
  /** @throws REGISTRY_MANIFEST_UNKNOWN */
  removeTag(repository: string, tag: string): Promise<void>;
  /** Removes a manifest and the tags that point to it, and names these. @throws REGISTRY_MANIFEST_UNKNOWN */
  removeManifest(repository: string, digest: Digest): Promise<string[]>;
  listTags(repository: string, page: Page): Promise<string[]>;
  listReferrers(repository: string, subject: Digest, artifactType: string | undefined): Promise<Descriptor[]>;

  /** Extensions whose referrers changed since their lifecycle was stored. */
  listLifecycleDue(): Promise<{ readonly repository: string; readonly digest: Digest }[]>;
  /** Stores what the referrers say; undefined when there is nothing to say. */
  setLifecycle(repository: string, digest: Digest, record: LifecycleRecord | undefined): Promise<void>;

  /** Every published version, of one repository or of all, oldest first. */
  listVersions(repository?: string): Promise<PublishedVersion[]>;

  close(): Promise<void>;
}
