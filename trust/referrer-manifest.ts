import { digestOf } from '#base';
import { ANNOTATION, type Descriptor, MEDIA } from '#schemas';

const EMPTY_JSON = Buffer.from('{}');
const EMPTY_CONFIG: Descriptor = {
  mediaType: MEDIA.ociEmpty,
  digest: digestOf(EMPTY_JSON),
  size: EMPTY_JSON.byteLength,
};

export interface BuiltManifest {
  /** Carries artifactType and annotations, as an index of referrers must. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** What has to be stored before the manifest. */
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[];
}

/**
 * The manifest that attaches a bundle to `subject`, in the shape cosign 3 writes: artifact type on the
 * manifest and again on the empty config. Equal input gives equal bytes; there is no creation time
 * unless `sourceDateEpoch` (seconds) is given.
 * @see cosign pkg/oci/remote/write.go, WriteAttestationNewBundleFormat
 */
export function referrerManifest(
  subject: Descriptor,
  bundle: { readonly bytes: Uint8Array; readonly mediaType: string; readonly predicateType: string },
  options: { readonly sourceDateEpoch?: number | undefined } = {},
): BuiltManifest {
  const config: Descriptor = { ...EMPTY_CONFIG, artifactType: bundle.mediaType };
  const layer: Descriptor = {
    mediaType: bundle.mediaType,
    digest: digestOf(bundle.bytes),
    size: bundle.bytes.byteLength,
  };
  const annotations = {
    [ANNOTATION.bundleContent]: 'dsse-envelope',
    [ANNOTATION.bundlePredicateType]: bundle.predicateType,
    ...(options.sourceDateEpoch === undefined
      ? {}
      : { [ANNOTATION.created]: rfc3339(options.sourceDateEpoch) }),
  };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      artifactType: bundle.mediaType,
      config,
      layers: [layer],
      subject: { mediaType: subject.mediaType, size: subject.size, digest: subject.digest },
      annotations,
    }),
  );
  return {
    descriptor: {
      mediaType: MEDIA.ociManifest,
      digest: digestOf(bytes),
      size: bytes.byteLength,
      artifactType: bundle.mediaType,
      annotations,
    },
    bytes,
    blobs: [
      { descriptor: EMPTY_CONFIG, bytes: EMPTY_JSON },
      { descriptor: layer, bytes: bundle.bytes },
    ],
  };
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
