import { formatLock } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { lockedConfigs } from '../lock/locked-configs.js';
import { withContents } from '../metadata/with-contents.js';
import { requireLock } from '../resolve/lock-file.js';
import { cyclonedx } from './cyclonedx.js';
import { sbomFacts } from './sbom-facts.js';
import { spdx } from './spdx.js';

export const SBOM_FORMATS = ['cyclonedx', 'spdx'] as const;
export type SbomFormat = (typeof SBOM_FORMATS)[number];

export interface Sbom {
  readonly format: SbomFormat;
  readonly extensions: number;
  readonly text: string;
}

/** A bill of materials of everything that is locked: the same bytes for the same lock. @throws MANAGER_LOCK_MISSING */
export async function createSbom(
  { workspace, format }: { readonly workspace: Workspace; readonly format: SbomFormat },
  context: ManagerContext,
): Promise<Sbom> {
  const lock = await requireLock(workspace.lockFile);
  return withContents({ workspace, context }, async ({ contents }) => {
    const configs = await lockedConfigs(lock, contents, context);
    const { name } = workspace;
    const { provVersion, env } = context;
    const facts = sbomFacts({ name, lock, lockText: formatLock(lock), configs, provVersion });
    const epoch = Number(env['SOURCE_DATE_EPOCH'] ?? Number.NaN);
    const text =
      format === 'cyclonedx'
        ? await cyclonedx(facts)
        : spdx(facts, Number.isSafeInteger(epoch) && epoch >= 0 ? epoch : undefined);
    return { format, extensions: facts.extensions.length, text };
  });
}
