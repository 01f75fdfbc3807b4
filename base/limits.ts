import { ProvError } from './errors/prov-error.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Caps on what comes from outside, in the unit of the name. Each is far above honest use. */
export const LIMITS = {
  /** The OCI distribution-spec asks registries to take at least 4 MiB manifests; more is refused. */
  manifestBytes: 4 * MIB,
  configBlobBytes: 4 * MIB,
  /** Files people write (manifest.yaml, provisioning.yaml, prov.lock). */
  textFileBytes: 16 * MIB,
  apiResponseBytes: 32 * MIB,
  signatureBundleBytes: 1 * MIB,
  blobBytes: 64 * GIB,
  unpackedEntries: 100_000,
  unpackedBytes: 16 * GIB,
  /** Largest accepted size of an archive's content over the size of the archive. */
  unpackRatio: 1000,
  pathBytes: 4096,
  annotationBytes: 64 * KIB,
  dependencyAnnotationBytes: 32 * KIB,
  referrersPerSubject: 1000,
  graphNodes: 100_000,
  scriptOutputLineBytes: 1 * MIB,
} as const;

/** @throws BASE_LIMIT_EXCEEDED when `value` is above `limit`. */
export function assertWithin(value: number, limit: number, what: string, unit = 'bytes'): void {
  if (value > limit) throw new ProvError('BASE_LIMIT_EXCEEDED', { what, limit, unit, value });
}
