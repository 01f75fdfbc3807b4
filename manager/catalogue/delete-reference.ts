import { isProvError, ProvError } from '#base';
import {
  isReferrersTag,
  parseSideTag,
  type RemoteRegistry,
  type RemoteRepository,
  referrersTag,
  resolveOptional,
} from '#oci';
import { type Descriptor, type RemoteReference, tagToVersion } from '#schemas';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { updateIndex } from '../index-document/update-index.js';
import { dependentsOf } from './find-extensions.js';
import { removeTag } from './remove-tag.js';

export interface DeleteOptions {
  readonly reference: RemoteReference;
  /** Also the manifest (with every tag that points to it) and all that is attached to it. */
  readonly withReferrers?: boolean | undefined;
}

/** What a deletion takes away, before anything is. */
export interface DeletePlan {
  /** `registry/namespace/name` */
  readonly repository: string;
  /** Undefined when it is not there (any more). */
  readonly digest: string | undefined;
  /** Only this tag, or the manifest with all its tags. */
  readonly what: 'tag' | 'manifest' | 'nothing';
  readonly tags: readonly string[];
  readonly referrers: readonly string[];
  /** Extensions of this registry that ask for it, as far as its catalogue tells. */
  readonly dependents: readonly string[];
}

export interface DeleteResult extends DeletePlan {
  /** References that were deleted, in order. */
  readonly deleted: readonly string[];
  /** What went wrong without failing the deletion. */
  readonly warnings: readonly string[];
}

/**
 * Finds out what deleting a reference takes away. A tag is one tag; a digest, or `withReferrers`, is the manifest.
 */
export function planDelete(options: DeleteOptions, context: ManagerContext): Promise<DeletePlan> {
  return withRegistries(context, async (registries) => {
    const { reference } = options;
    const registry = registries.open(reference.registry);
    return plan(registry.repository(reference.repository), options, {
      context,
      dependents: (version) =>
        dependentsOf(registry, reference.repository, { version, signal: context.signal }),
    });
  });
}

interface Planning {
  readonly context: ManagerContext;
  readonly dependents: (version: string) => Promise<readonly string[]>;
}

async function plan(
  store: RemoteRepository,
  { reference, withReferrers }: DeleteOptions,
  { context, dependents }: Planning,
): Promise<DeletePlan> {
  const { signal } = context;
  const { tag, digest } = reference;
  const named = digest ?? tag;
  if (named === undefined)
    throw new ProvError('SCHEMAS_REFERENCE_INVALID', {
      value: store.label,
      reason: 'name a tag or a digest to delete',
    });
  const found = await resolveOptional(store, named, { signal });
  const nothing = { repository: store.label, digest: undefined, tags: [], referrers: [], dependents: [] };
  if (found === undefined) return { ...nothing, what: 'nothing' };
  const whole = digest !== undefined || withReferrers === true;
  const tags = whole ? await tagsOf(store, found, signal) : tag === undefined ? [] : [tag];
  const versions = tags.flatMap((each) => tagToVersion(each) ?? []);
  return {
    repository: store.label,
    digest: found.digest,
    what: whole ? 'manifest' : 'tag',
    tags,
    referrers: withReferrers ? await attachedTo(store, found, signal) : [],
    dependents: (await Promise.all(versions.map(dependents))).flat(),
  };
}

/**
 * Deletes what the plan says, then takes versions without a tag out of the index. What is not there (any more) is
 * no failure.
 * @throws OCI_REMOTE_DELETE_DISABLED, MANAGER_TAG_CONTESTED
 */
export function deleteReference(options: DeleteOptions, context: ManagerContext): Promise<DeleteResult> {
  return withRegistries(context, async (registries) => {
    const { reference } = options;
    const registry = registries.open(reference.registry);
    const store = registry.repository(reference.repository);
    const { signal } = context;
    const planned = await plan(store, options, { context, dependents: async () => [] });
    const deleted: string[] = [];
    if (planned.digest === undefined) return { ...planned, deleted, warnings: [] };
    const note = (what: string, gone: boolean) => {
      if (gone) deleted.push(what);
    };
    if (planned.what === 'tag')
      for (const tag of planned.tags) note(`${store.label}:${tag}`, await removeTag(store, tag, signal));
    else {
      // Tags first: nobody is led to what is about to go. Registries that know only digests do it with the manifest.
      for (const tag of planned.tags)
        note(`${store.label}:${tag}`, await unlessDisabled(() => store.deleteTag(tag, { signal })));
      note(`${store.label}@${planned.digest}`, await store.deleteManifest(planned.digest, { signal }));
      for (const each of planned.referrers) note(`${store.label}@${each}`, await remove(store, each, signal));
    }
    const problem = await forget(registry, reference.repository, planned.tags, context);
    const warnings = problem === undefined ? [] : [`the index was not brought up to date: ${problem}`];
    return { ...planned, deleted, warnings };
  });
}

/** Takes versions out of the index; says what went wrong with it. */
async function forget(
  registry: RemoteRegistry,
  repository: string,
  tags: readonly string[],
  { provVersion, signal }: ManagerContext,
): Promise<string | undefined> {
  const gone = tags.flatMap((tag) => tagToVersion(tag) ?? []);
  if (gone.length === 0) return undefined;
  return (await updateIndex(registry, { repository, versions: [], gone, provVersion, signal })).problem;
}

async function unlessDisabled(action: () => Promise<boolean>): Promise<boolean> {
  try {
    return await action();
  } catch (error) {
    if (!isProvError(error, 'OCI_REMOTE_DELETE_DISABLED')) throw error;
    return false;
  }
}

/** A referrer by digest, or a side tag by name. */
function remove(store: RemoteRepository, what: string, signal: AbortSignal | undefined): Promise<boolean> {
  return what.includes(':')
    ? store.deleteManifest(what, { signal })
    : unlessDisabled(() => store.deleteTag(what, { signal }));
}

/** Tags compared at once. */
const CONCURRENCY = 8;

/** The tags that lead to a manifest, without side tags. */
async function tagsOf(
  store: RemoteRepository,
  { digest }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const open = (await store.list({ signal })).filter((tag) => !parseSideTag(tag) && !isReferrersTag(tag));
  const found: string[] = [];
  const worker = async () => {
    for (let tag = open.shift(); tag !== undefined; tag = open.shift())
      if ((await resolveOptional(store, tag, { signal }))?.digest === digest) found.push(tag);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return found.sort();
}

/** Digests of referrers, those of referrers first; then side tags, their manifests, and the list of referrers. */
async function attachedTo(
  store: RemoteRepository,
  subject: Descriptor,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const out: string[] = [];
  for (const referrer of await store.referrers(subject, undefined, { signal }))
    out.push(...(await attachedTo(store, referrer, signal)), referrer.digest);
  for (const tag of await store.list({ signal })) {
    if (parseSideTag(tag)?.digest !== subject.digest) continue;
    const side = await resolveOptional(store, tag, { signal });
    out.push(tag, ...(side === undefined ? [] : [side.digest]));
  }
  const list = referrersTag(subject.digest);
  const kept = await resolveOptional(store, list, { signal });
  return kept === undefined || kept.digest === subject.digest ? out : [...out, list];
}
