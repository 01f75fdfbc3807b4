import { randomUUID } from 'node:crypto';
import { digestOf, isProvError, log, ProvError } from '#base';
import {
  bytesSource,
  EMPTY_BYTES,
  EMPTY_DESCRIPTOR,
  encodeManifest,
  type RemoteRepository,
  type TagState,
} from '#oci';
import { MEDIA } from '#schemas';

/** Others may move the tag at the same time. */
const MOVE_TRIES = 3;

export interface RemoveTagOptions {
  /** Only while the tag leads there. Default: wherever it leads. */
  readonly digest?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes one tag away and leaves the manifest. Registries that delete manifests only (docker-registry 2) do it in a
 * roundabout way: the tag is moved to a manifest made for this, and that one is deleted. Nothing is moved before the
 * registry has shown, with another such manifest, that it deletes at all; when it then fails all the same, the tag is
 * led back.
 * @returns false when there was no such tag.
 * @throws OCI_REMOTE_DELETE_DISABLED; MANAGER_TAG_CONTESTED when somebody else moves the tag meanwhile;
 * MANAGER_TAG_ASTRAY when it could not be led back
 */
export async function removeTag(
  store: RemoteRepository,
  tag: string,
  options: RemoveTagOptions,
): Promise<boolean> {
  const { signal } = options;
  try {
    return await store.deleteTag(tag, { signal });
  } catch (error) {
    if (!isProvError(error, 'OCI_REMOTE_DELETE_DISABLED')) throw error;
    if ((await store.readTag(tag, { signal })) === undefined) return false;
    await store.push(EMPTY_DESCRIPTOR, bytesSource(EMPTY_BYTES), { signal });
    const probe = await store.pushManifest(placeholder(), MEDIA.ociManifest, { signal });
    await store.deleteManifest(probe.digest, { signal });
    return moveAndDelete(store, tag, options);
  }
}

async function moveAndDelete(
  store: RemoteRepository,
  tag: string,
  { digest, signal }: RemoveTagOptions,
): Promise<boolean> {
  const bytes = placeholder();
  const contested = (tries: number) =>
    new ProvError('MANAGER_TAG_CONTESTED', { reference: `${store.label}:${tag}`, tries });
  for (let tries = 0; tries < MOVE_TRIES; tries += 1) {
    const before = await store.readTag(tag, { signal });
    if (before === undefined) return false;
    if (digest !== undefined && before.descriptor.digest !== digest) throw contested(tries + 1);
    if (!(await store.replaceTag(tag, { bytes, mediaType: MEDIA.ociManifest }, before, { signal }))) continue;
    // The tag leads to nothing of use now: an interruption must not stop here.
    try {
      return await store.deleteManifest(digestOf(bytes));
    } catch (error) {
      await leadBack(store, { tag, before, from: digestOf(bytes), error });
      throw error;
    }
  }
  throw contested(MOVE_TRIES);
}

/** Puts a tag back where it led, unless somebody else has moved it since. @throws MANAGER_TAG_ASTRAY */
async function leadBack(
  store: RemoteRepository,
  {
    tag,
    before,
    from,
    error,
  }: {
    readonly tag: string;
    readonly before: TagState;
    readonly from: string;
    readonly error: unknown;
  },
): Promise<void> {
  const { bytes, descriptor } = before;
  try {
    for (let tries = 0; tries < MOVE_TRIES; tries += 1) {
      const now = await store.readTag(tag);
      if (now !== undefined && now.descriptor.digest !== from) return;
      if (await store.replaceTag(tag, { bytes, mediaType: descriptor.mediaType }, now)) return;
    }
  } catch (again) {
    log.debug('a tag could not be led back', { tag, reason: (again as Error).message });
  }
  throw new ProvError(
    'MANAGER_TAG_ASTRAY',
    { reference: `${store.label}:${tag}`, digest: descriptor.digest, repository: store.label, tag },
    { cause: error },
  );
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
