import type { TrustPolicy } from '#trust';
import type { Counters } from './http/counters.js';
import type { BlobDriver } from './storage/blob-driver.js';
import type { ManifestCache } from './storage/manifest-cache.js';
import type { MetadataDb } from './storage/metadata-db.js';
import type { UploadSessions } from './upload-sessions.js';

/** What every handler of one running registry works with. */
export interface RegistryContext {
  readonly metadata: MetadataDb;
  readonly blobs: BlobDriver;
  readonly uploads: UploadSessions;
  readonly cache: ManifestCache;
  readonly counters: Counters;
  /** Whose signatures extensions need, to be tagged and to be read; everything is taken and given without one. */
  readonly trustPolicy?: TrustPolicy | undefined;
}
