import { MEDIA } from '#schemas';

/** Statuses, and what is or may be a signature. */
export function speaksOfLifecycle(artifactType: string | undefined): boolean {
  return artifactType === MEDIA.status || isBundleType(artifactType);
}

/** Sigstore bundles, also those whose artifact type was lost on the way. */
export function isBundleType(artifactType: string | undefined): boolean {
  return (
    artifactType === undefined ||
    artifactType === MEDIA.ociEmpty ||
    artifactType.startsWith('application/vnd.dev.sigstore.bundle')
  );
}
