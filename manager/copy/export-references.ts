import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDigest } from '#base';
import { type LayoutNaming, openOciLayout } from '#oci';
import { ANNOTATION, type FileReference, type RemoteReference } from '#schemas';
import { type Location, openLocation } from '../access/location.js';
import { withRegistries } from '../access/registries.js';
import { isTarPath } from '../access/tar-path.js';
import type { ManagerContext } from '../context.js';
import { rehearsed } from '../transfer/rehearsed.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { openCopyTarget } from './copy-target.js';
import { type CopyItem, type CopySummary, runCopy } from './run-copy.js';

export interface ExportReferencesOptions {
  readonly references: readonly (RemoteReference | FileReference)[];
  /** A directory, or a tar when it ends in `.tar`. */
  readonly output: string;
  readonly referrers?: boolean | undefined;
  readonly keepGoing?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly force?: boolean | undefined;
}

export type ExportReferencesResult = CopySummary & { readonly output: string };

/**
 * Writes references into an OCI layout that other programs open: with one repository in it, tags stand there
 * as oras, skopeo and crane look for them; with several, under their full names. The repository is always
 * named beside it, so that an import finds it again.
 * @throws MANAGER_OUTPUT_EXISTS for a tar that is there
 */
export async function exportReferences(
  options: ExportReferencesOptions,
  context: ManagerContext,
): Promise<ExportReferencesResult> {
  const { dryRun = false, ...real } = options;
  return dryRun ? rehearsed(context, (within) => exportAll(real, within)) : exportAll(real, context);
}

async function exportAll(
  options: ExportReferencesOptions,
  context: ManagerContext,
): Promise<ExportReferencesResult> {
  const { output, referrers = true, keepGoing = false, force } = options;
  return withRegistries(context, async (registries) => {
    const report = reportTransfer(context, 'export');
    const sources: Location[] = [];
    try {
      for (const reference of options.references)
        sources.push(await openLocation(reference, registries, { usable: true, signal: context.signal }));
      const naming = namingOf(sources, await repositoriesIn(output));
      const to: FileReference = { type: 'oci-layout', path: output };
      const target = await openCopyTarget(to, { registries, naming, report, force }, context);
      try {
        const items = sources.map(({ store, repository, registry, target: from }, i): CopyItem => {
          const { digest, tag } = options.references[i]!;
          const kept = tag ?? (isDigest(from) ? undefined : from);
          const origin =
            registry === undefined ? undefined : { host: registries.open(registry).host, repository };
          return {
            source: store,
            from,
            target: target.repository(repository),
            tag: kept,
            expect: digest,
            origin,
          };
        });
        const summary = await runCopy(items, { referrers, keepGoing, report }, context);
        if (summary.items.length > summary.failed) await target.finish();
        return { ...summary, output };
      } finally {
        await target.close();
      }
    } finally {
      for (const source of sources) await source.close();
    }
  });
}

/** The repositories that a layout directory has already. */
async function repositoriesIn(output: string): Promise<readonly string[]> {
  if (isTarPath({ type: 'oci-layout', path: output }) || !existsSync(join(output, 'oci-layout'))) return [];
  const layout = await openOciLayout(output, { create: false });
  try {
    return await layout.repositories();
  } finally {
    await layout.close();
  }
}

function namingOf(sources: readonly Location[], existing: readonly string[]): LayoutNaming {
  const hosts = new Map(sources.map(({ repository, registry }) => [repository, registry]));
  const single = new Set([...sources.map(({ repository }) => repository), ...existing]).size === 1;
  return ({ repository, tag }): Readonly<Record<string, string>> => {
    if (repository === '') return { [ANNOTATION.refName]: tag };
    const host = hosts.get(repository);
    const full = `${host === undefined ? '' : `${host}/`}${repository}:${tag}`;
    return { [ANNOTATION.refName]: single ? tag : full, [ANNOTATION.containerdName]: full };
  };
}
