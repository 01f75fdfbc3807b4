import { ProvError } from '#base';
import { openOciLayout, openOciLayoutTar, type ReadStore } from '#oci';
import { isRepository, splitRepository } from '#schemas';
import { withRegistries } from '../access/registries.js';
import { isTarPath } from '../access/tar-path.js';
import type { ManagerContext } from '../context.js';
import { rehearsed } from '../transfer/rehearsed.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { type CopyItem, type CopySummary, runCopy } from './run-copy.js';
import { selectTags } from './select-tags.js';

export interface ImportLayoutOptions {
  /** A layout directory or a tar of one. */
  readonly path: string;
  readonly registry: string;
  /** Takes the place of every repository's namespace; without it they keep their own. */
  readonly namespace?: string | undefined;
  /** Repository for tags that have none, or for the only one. */
  readonly repository?: string | undefined;
  readonly referrers?: boolean | undefined;
  readonly keepGoing?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

/**
 * Writes everything that a layout has under a tag to a registry, with what is attached to it. Every byte is
 * checked before the first is written.
 * @throws MANAGER_COPY_NOTHING, OCI_LAYOUT_INVALID, SCHEMAS_REFERENCE_INVALID when it is not known where to
 */
export async function importLayout(
  options: ImportLayoutOptions,
  context: ManagerContext,
): Promise<CopySummary> {
  const { dryRun = false, ...real } = options;
  return dryRun ? rehearsed(context, (within) => importAll(real, within)) : importAll(real, context);
}

async function importAll(options: ImportLayoutOptions, context: ManagerContext): Promise<CopySummary> {
  const { path, registry, referrers = true, keepGoing = false } = options;
  const { signal } = context;
  return withRegistries(context, async (registries) => {
    const report = reportTransfer(context, 'import');
    const tar = isTarPath({ type: 'oci-layout', path });
    const layout = tar
      ? await openOciLayoutTar(path, signal === undefined ? {} : { signal })
      : await openOciLayout(path, { create: false });
    try {
      const names = await layout.repositories();
      if (options.repository !== undefined && names.length > 1)
        throw new ProvError('SCHEMAS_REFERENCE_INVALID', {
          value: options.repository,
          reason: `the layout holds several repositories (${names.join(', ')}); use --namespace`,
        });
      const items: CopyItem[] = [];
      for (const name of names) {
        const repository = destination(name, options);
        const source: ReadStore = layout.repository(name);
        const target = registries.open(registry).repository(repository);
        for (const tag of selectTags(await source.list({ signal }), {}))
          items.push({ source, from: tag, target, tag });
      }
      if (items.length === 0)
        throw new ProvError('MANAGER_COPY_NOTHING', { where: path, reason: 'nothing in it has a tag' });
      return await runCopy(items, { referrers, keepGoing, checkFirst: true, report }, context);
    } finally {
      await layout.close();
    }
  });
}

function destination(name: string, { namespace, repository }: ImportLayoutOptions): string {
  const bare = repository ?? (namespace === undefined ? name : join(namespace, splitRepository(name).name));
  if (name === '' && repository === undefined)
    throw new ProvError('SCHEMAS_REFERENCE_INVALID', {
      value: name,
      reason: 'tags of the layout have no repository: say which with --repository namespace/name',
    });
  if (!isRepository(bare))
    throw new ProvError('SCHEMAS_REFERENCE_INVALID', { value: bare, reason: 'it is not a repository name' });
  return bare;
}

function join(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
