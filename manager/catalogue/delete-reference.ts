import { isProvError, ProvError } from '#base';
import {
  isReferrersTag,
  parseSideTag,
  type RemoteRegistry,
  type RemoteRepository,
  resolveOptional,
} from '#oci';
import { type RemoteReference, tagToVersion } from '#schemas';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { updateIndex } from '../index-document/update-index.js';
import { attachedContent, type KeptContent } from './attached-content.js';
import { dependentsOf } from './find-extensions.js';
import { removeTag } from './remove-tag.js';

export interface DeleteOptions {
  readonly reference: RemoteReference;
  /** Also the manifest (with every tag that points to it) and all that is attached to it. */
  readonly withReferrers?: boolean | undefined;
  /** What somebody has seen and agreed to: that is deleted, or nothing. Default: what is there now. */
  readonly plan?: DeletePlan | undefined;
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
  /** What looks attached and stays, since it is not known to belong to this manifest alone. */
  readonly kept: readonly KeptContent[];
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
  const nothing = { digest: undefined, what: 'nothing', tags: [], referrers: [], kept: [] } as const;
  if (found === undefined) return { repository: store.label, ...nothing, dependents: [] };
  const whole = digest !== undefined || withReferrers === true;
  const all = whole ? await readTags(store, signal) : undefined;
  const tags = all === undefined ? [named] : tagsOf(all, found.digest);
  const versions = tags.flatMap((each) => tagToVersion(each) ?? []);
  const attached =
    all !== undefined && withReferrers === true
      ? await attachedContent(store, found, { tags: all, signal })
      : { gone: [], kept: [] };
  return {
    repository: store.label,
    digest: found.digest,
    what: whole ? 'manifest' : 'tag',
    tags,
    referrers: attached.gone,
    kept: attached.kept,
    dependents: (await Promise.all(versions.map(dependents))).flat(),
  };
}

/**
 * Deletes what the plan says, then takes versions without a tag out of the index. What is not there (any more) is
 * no failure; a tag that leads elsewhere than it did when the plan was made is not touched.
 * @throws OCI_REMOTE_DELETE_DISABLED, MANAGER_TAG_CONTESTED, MANAGER_DELETE_OUTDATED
 */
export function deleteReference(options: DeleteOptions, context: ManagerContext): Promise<DeleteResult> {
  return withRegistries(context, async (registries) => {
    const { reference } = options;
    const registry = registries.open(reference.registry);
    const store = registry.repository(reference.repository);
    const { signal } = context;
    const planned = options.plan ?? (await plan(store, options, { context, dependents: async () => [] }));
    const deleted: string[] = [];
    const { digest, tags } = planned;
    if (digest === undefined) return { ...planned, deleted, warnings: [] };
    const note = (what: string, gone: boolean) => {
      if (gone) deleted.push(what);
    };
    const check = () => assertCurrent(store, planned, { deleted, signal });
    await check();
    if (planned.what === 'tag')
      for (const tag of tags) note(`${store.label}:${tag}`, await removeTag(store, tag, { digest, signal }));
    else {
      // Tags first: nobody is led to what is about to go. Registries that know only digests do it with the manifest.
      for (const tag of tags) {
        if (tag !== tags[0]) await assertTag(store, { tag, digest, deleted, signal });
        note(`${store.label}:${tag}`, await unlessDisabled(() => store.deleteTag(tag, { signal })));
      }
      note(`${store.label}@${digest}`, await store.deleteManifest(digest, { signal }));
      const left: string[] = [];
      for (const each of planned.referrers) {
        const where = `${store.label}${each.includes(':') ? '@' : ':'}${each}`;
        if (each.includes(':')) note(where, await store.deleteManifest(each, { signal }));
        else
          note(
            where,
            await unlessDisabled(
              () => store.deleteTag(each, { signal }),
              () => left.push(each),
            ),
          );
      }
      // Where tags go with their manifests only, those whose manifest stayed are still there.
      for (const tag of left) note(`${store.label}:${tag}`, await removeTag(store, tag, { signal }));
    }
    const problem = await forget(registry, reference.repository, tags, context);
    const warnings = problem === undefined ? [] : [`the index was not brought up to date: ${problem}`];
    return { ...planned, deleted, warnings };
  });
}

interface Progress {
  /** What is gone already, for the message. */
  readonly deleted: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** @throws MANAGER_DELETE_OUTDATED when the tags of the plan lead elsewhere now, or other tags lead to its manifest */
async function assertCurrent(
  store: RemoteRepository,
  { digest, tags, what }: DeletePlan,
  progress: Progress,
): Promise<void> {
  if (digest === undefined) return;
  for (const tag of tags) await assertTag(store, { tag, digest, ...progress });
  if (what !== 'manifest') return;
  const all = await readTags(store, progress.signal);
  const added = tagsOf(all, digest).find((tag) => !tags.includes(tag));
  if (added !== undefined)
    throw outdated(store, progress, `the tag ${added} leads to ${digest} now, which was not shown`);
}

async function assertTag(
  store: RemoteRepository,
  { tag, digest, ...progress }: Progress & { readonly tag: string; readonly digest: string },
): Promise<void> {
  const now = await resolveOptional(store, tag, { signal: progress.signal });
  if (now === undefined || now.digest === digest) return;
  throw outdated(store, progress, `the tag ${tag} leads to ${now.digest} now, not to ${digest}`);
}

function outdated({ label }: RemoteRepository, { deleted }: Progress, reason: string): ProvError {
  const so = deleted.length === 0 ? 'nothing was deleted' : `deleted so far: ${deleted.join(', ')}`;
  return new ProvError('MANAGER_DELETE_OUTDATED', { repository: label, reason, so });
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

async function unlessDisabled(action: () => Promise<boolean>, otherwise?: () => void): Promise<boolean> {
  try {
    return await action();
  } catch (error) {
    if (!isProvError(error, 'OCI_REMOTE_DELETE_DISABLED')) throw error;
    otherwise?.();
    return false;
  }
}

/** Tags read at once. */
const CONCURRENCY = 8;

/** Where every tag leads. */
async function readTags(
  store: RemoteRepository,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string>> {
  const open = [...(await store.list({ signal }))];
  const found = new Map<string, string>();
  const worker = async () => {
    for (let tag = open.shift(); tag !== undefined; tag = open.shift()) {
      const target = await resolveOptional(store, tag, { signal });
      if (target !== undefined) found.set(tag, target.digest);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The tags that lead to a manifest, without side tags. */
function tagsOf(all: ReadonlyMap<string, string>, digest: string): readonly string[] {
  return [...all]
    .filter(([tag, target]) => target === digest && !parseSideTag(tag) && !isReferrersTag(tag))
    .map(([tag]) => tag);
}
