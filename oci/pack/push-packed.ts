import { boundedEach } from '../bounded-each.js';
import type { ByteProgress, ContentStore } from '../content-store.js';
import { COPY_CONCURRENCY, type CopyEvent, type CopyResult } from '../copy-graph.js';
import { bytesSource } from '../fetch-bytes.js';
import { repairPush } from '../repair-push.js';
import { resolveOptional } from '../resolve-optional.js';
import { assertTagFree, versionTagsAreImmutable } from '../store/tag-policy.js';
import type { PackedExtension } from './pack-extension.js';

export interface PushPackedOptions {
  readonly concurrency?: number;
  readonly onEvent?: (event: CopyEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a packed extension into a store: blobs, then the manifest, then the tag of its version. Content
 * that is there is not sent again; pushing the same extension twice writes nothing.
 * @throws OCI_TAG_CONFLICT before anything is sent, when the version is there with other content.
 */
export async function pushPacked(
  store: ContentStore,
  packed: PackedExtension,
  options: PushPackedOptions = {},
): Promise<CopyResult> {
  const { signal, onEvent } = options;
  const { descriptor, tag } = packed;
  const result = { copied: 0, skipped: 0, bytes: 0, tagged: [] as string[], uncertain: [] };
  const existing = await resolveOptional(store, tag, { signal });
  assertTagFree(tag, existing, descriptor, { policy: versionTagsAreImmutable, where: store.label });
  const contents = new Map(packed.blobs.map((blob) => [blob.descriptor.digest, blob]));
  const put = async (
    { descriptor: content, source }: PackedExtension['blobs'][number],
    inner?: AbortSignal,
  ) => {
    const there = await store.exists(content, { signal: inner });
    if (there) result.skipped += 1;
    else {
      const onProgress =
        onEvent && ((progress: ByteProgress) => onEvent({ type: 'progress', descriptor: content, progress }));
      await store.push(content, source, { signal: inner, onProgress });
      result.copied += 1;
      result.bytes += content.size;
    }
    onEvent?.({ type: there ? 'skipped' : 'copied', descriptor: content });
  };
  const putBlobs = () =>
    boundedEach(
      [...contents.values()],
      { concurrency: options.concurrency ?? COPY_CONCURRENCY, signal },
      put,
    );
  await putBlobs();
  await repairPush(() => put({ descriptor, source: bytesSource(packed.manifestBytes) }, signal), putBlobs);
  if (existing === undefined) {
    await store.tag(descriptor, tag, { signal });
    result.tagged.push(tag);
    onEvent?.({ type: 'tagged', tag, descriptor });
  }
  return result;
}
