import { type Digest, isDigest, ProvError } from '#base';
import { type FileReference, formatReference, type RemoteReference } from '#schemas';
import { openLocation } from '../access/location.js';
import { type Registries, withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { rehearsed } from '../transfer/rehearsed.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { type CopyTarget, openCopyTarget } from './copy-target.js';
import { type CopyItem, type CopySummary, runCopy } from './run-copy.js';
import { selectTags, type TagSelection } from './select-tags.js';

export interface CopyReferenceOptions {
  readonly from: RemoteReference | FileReference;
  readonly to: RemoteReference | FileReference;
  /** Every tag of the source's repository that the selection means; tags keep their names. */
  readonly allTags?: TagSelection | undefined;
  /** False leaves signatures and everything else that is attached behind. Default true. */
  readonly referrers?: boolean | undefined;
  /** Goes on with the next tag after a failure. */
  readonly keepGoing?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  /** Replaces a tar that is there. */
  readonly force?: boolean | undefined;
}

export type CopyReferenceResult = CopySummary & {
  readonly from: string;
  readonly to: string;
  /** Of the artifact, unless all tags were copied. */
  readonly digest?: Digest;
};

/**
 * Copies an artifact, or all tags of a repository, with everything attached to it. Content that is there is
 * not sent again; whatever is visible at the target is complete.
 * @throws OCI_TAG_CONFLICT, OCI_DIGEST_MISMATCH, MANAGER_COPY_NOTHING, MANAGER_OUTPUT_EXISTS
 */
export async function copyReference(
  options: CopyReferenceOptions,
  context: ManagerContext,
): Promise<CopyReferenceResult> {
  const { dryRun = false, ...real } = options;
  return dryRun ? rehearsed(context, (within) => copy(real, within)) : copy(real, context);
}

async function copy(options: CopyReferenceOptions, context: ManagerContext): Promise<CopyReferenceResult> {
  const { from, to, referrers = true, keepGoing = false } = options;
  return withRegistries(context, async (registries) => {
    const report = reportTransfer(context, 'copy');
    const anyTag = options.allTags !== undefined && from.type === 'remote' ? { ...from, tag: 'any' } : from;
    const source = await openLocation(anyTag, registries);
    try {
      const target = await openCopyTarget(to, { registries, report, force: options.force }, context);
      try {
        const items = await itemsOf(options, { source, target, registries }, context);
        const summary = await runCopy(items, { referrers, keepGoing, report }, context);
        if (summary.items.length > summary.failed) await target.finish();
        const [first] = summary.items;
        if (options.allTags === undefined && first !== undefined)
          return {
            ...summary,
            from: first.from,
            to: first.to,
            ...(first.digest && { digest: first.digest }),
          };
        return { ...summary, from: source.store.label, to: formatReference(to) };
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  });
}

interface Ends {
  readonly source: Awaited<ReturnType<typeof openLocation>>;
  readonly target: CopyTarget;
  readonly registries: Registries;
}

async function itemsOf(
  { from, to, allTags }: CopyReferenceOptions,
  { source, target, registries }: Ends,
  { signal }: ManagerContext,
): Promise<readonly CopyItem[]> {
  const repository = to.repository ?? source.repository;
  const common = {
    source: source.store,
    target: target.repository(repository),
    ...(to.type === 'remote' && from.type === 'remote' && to.registry === from.registry
      ? { mountFrom: source.repository }
      : {}),
    ...(from.type === 'remote'
      ? { origin: { host: registries.open(from.registry).host, repository: from.repository } }
      : {}),
  };
  if (allTags === undefined) {
    const tag = to.tag ?? (isDigest(source.target) ? undefined : source.target);
    return [{ ...common, from: source.target, tag, expect: to.digest }];
  }
  const tags = selectTags(await source.store.list({ signal }), allTags);
  if (tags.length === 0)
    throw new ProvError('MANAGER_COPY_NOTHING', { where: source.store.label, reason: 'no tag is meant' });
  return tags.map((tag) => ({ ...common, from: tag, tag }));
}
