export {
  CLOSE_GRACE_MS,
  DEFAULT_HOST,
  DEFAULT_PORT,
  type RegistryOptions,
  type RunningRegistry,
  startRegistry,
} from './start-registry.js';
export type { BlobDriver, BlobReader, StagedBlob } from './storage/blob-driver.js';
export type { MetadataDb } from './storage/metadata-db.js';
