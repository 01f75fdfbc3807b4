import { randomUUID } from 'node:crypto';
import { digestOf, isProvError, ProvError } from '#base';
import { bytesSource, EMPTY_BYTES, EMPTY_DESCRIPTOR, encodeManifest, type RemoteRepository } from '#oci';
import { MEDIA } from '#schemas';

/** Others may move the tag at the same time. */
const MOVE_TRIES = 3;

/**
 * Takes one tag away and leaves the manifest. Registries that delete manifests only (docker-registry 2) do it in a
 * roundabout way: the tag is moved to a manifest made for this, and that one is deleted. Nothing is moved before the
 * registry has shown, with another such manifest, that it deletes at all.
 * @returns false when there was no such tag.
 * @throws OCI_REMOTE_DELETE_DISABLED; MANAGER_TAG_CONTESTED when somebody else moves the tag meanwhile
 */
export async function removeTag(
  store: RemoteRepository,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return await store.deleteTag(tag, { signal });
  } catch (error) {
    if (!isProvError(error, 'OCI_REMOTE_DELETE_DISABLED')) throw error;
    if ((await store.readTag(tag, { signal })) === undefined) return false;
    await store.push(EMPTY_DESCRIPTOR, bytesSource(EMPTY_BYTES), { signal });
    const probe = await store.pushManifest(placeholder(), MEDIA.ociManifest, { signal });
    await store.deleteManifest(probe.digest, { signal });
    return moveAndDelete(store, tag, signal);
  }
}

async function moveAndDelete(
  store: RemoteRepository,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const bytes = placeholder();
  for (let tries = 0; tries < MOVE_TRIES; tries += 1) {
    const before = await store.readTag(tag, { signal });
    if (before === undefined) return false;
    if (!(await store.replaceTag(tag, { bytes, mediaType: MEDIA.ociManifest }, before, { signal }))) continue;
    // The tag leads to nothing of use now: an interruption must not stop here.
    return store.deleteManifest(digestOf(bytes));
  }
  throw new ProvError('MANAGER_TAG_CONTESTED', { reference: `${store.label}:${tag}`, tries: MOVE_TRIES });
}

/** A manifest that nobody else has, so that deleting it takes nothing but the tag on it. */
function placeholder(): Uint8Array {
  return encodeManifest({
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    artifactType: 'application/vnd.prov.removed-tag.v1',
    config: EMPTY_DESCRIPTOR,
    layers: [EMPTY_DESCRIPTOR],
    annotations: { 'dev.prov.removed-tag': randomUUID() },
  });
}
