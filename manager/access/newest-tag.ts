import { ProvError } from '#base';
import type { ReadStore } from '#oci';
import { compareVersions, isVersion, satisfies, tagToVersion, versionToTag } from '#schemas';
import type { TrustPolicy } from '#trust';
import { readLifecycle } from '../lifecycle/read-lifecycle.js';

export interface NewestTagRequest {
  readonly range: string;
  /** For messages. */
  readonly reference: string;
  readonly repository: string;
  readonly registry?: string | undefined;
  /** Yanked and revoked versions do not count: for what gets an extension, not for what looks at it. */
  readonly usable?: boolean | undefined;
  /** Whose keys may restore what was yanked. Default: those that signed it. */
  readonly policy?: TrustPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** So many versions are looked at, newest first, before it is said that none is usable. */
const MAX_LOOKS = 100;

/**
 * The tag of the newest version in a range; with `usable`, of the newest that is neither yanked nor revoked, but a
 * range that is one exact version is taken as it is. Releases come before pre-releases.
 * @throws OCI_REFERENCE_NOT_FOUND
 * @see docs/spec/status.md
 */
export async function newestTag(store: ReadStore, request: NewestTagRequest): Promise<string> {
  const { range, reference, signal } = request;
  const versions = (await store.list({ signal }))
    .flatMap((tag) => tagToVersion(tag) ?? [])
    .sort(compareVersions);
  const fitting = versions.filter((version) => satisfies(version, range)).reverse();
  const asItIs = request.usable !== true || isVersion(range.replace(/^=\s*/, ''));
  for (const version of fitting.slice(0, MAX_LOOKS)) {
    const tag = versionToTag(version);
    if (asItIs || (await isUsable(store, tag, request))) return tag;
  }
  const hint =
    fitting.length > 0
      ? `${fitting.length > MAX_LOOKS ? `The newest ${MAX_LOOKS} versions` : 'All versions'} in that range are yanked or revoked (the newest is ${fitting[0]}): take another range, or name one version exactly.`
      : versions.length > 0 && `Of the versions there, ${versions.at(-1)} is the newest.`;
  throw new ProvError('OCI_REFERENCE_NOT_FOUND', { reference, where: store.label, ...(hint && { hint }) });
}

async function isUsable(
  store: ReadStore,
  tag: string,
  { repository, registry, policy, signal }: NewestTagRequest,
): Promise<boolean> {
  const { state } = await readLifecycle(store, await store.resolve(tag, { signal }), {
    repository,
    registry,
    version: tagToVersion(tag),
    provVersion: '',
    config: {},
    policy,
    signal,
  });
  return state !== 'yanked' && state !== 'revoked';
}
