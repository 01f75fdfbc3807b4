import { dirname } from 'node:path';
import { type ExportResult, exportBundle } from '#mirror';
import { packageId } from '#resolver';
import { openWorkspace } from '#workspace';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { requireLock } from '../resolve/lock-file.js';
import { createWorkspaceRegistries } from '../resolve/workspace-registries.js';
import { reportTransfer } from '../transfer/report-transfer.js';

export interface ExportMirrorOptions {
  readonly lockFile: string;
  readonly output: string;
}

/** Writes the closure of a lock to one file, from the registries of the workspace that the lock belongs to. */
export async function exportMirror(
  { lockFile, output }: ExportMirrorOptions,
  context: ManagerContext,
): Promise<ExportResult> {
  const lock = await requireLock(lockFile);
  const workspace = await openWorkspace(dirname(lockFile), { env: context.env });
  return withRegistries(context, async (connections) => {
    const registries = createWorkspaceRegistries(workspace, connections);
    const report = reportTransfer(context, 'export');
    return exportBundle({
      lock,
      source: (repository, registry) => registries.repository(packageId(registry, repository)),
      output,
      signal: context.signal,
      onEvent: (event) => {
        if (event.type === 'progress') return report.progress(event.descriptor)(event.progress);
        if (event.type === 'planned') report.plan(event.contents, event.bytes);
        if (event.type === 'written') report.finished(event.descriptor, 'copied');
        context.onEvent?.({ event: `export.${event.type}`, message: `exporting: ${event.type}`, ...event });
      },
    });
  });
}
