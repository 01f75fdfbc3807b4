import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { provVersion } from '../../version.js';
import { infraName, openCommandWorkspace } from '../dep/in-workspace.js';
import { managerContext } from '../ext/shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input);
  const { loadInfra, loadModules } = await import('#workspace');
  const { assertAccepted, requireLock } = await import('#manager');
  const infra = await loadInfra(workspace, infraName(workspace, input));
  const lock = await requireLock(workspace.lockFile);
  const modules = await loadModules(workspace, infra, lock, {
    provVersion: provVersion(),
    env: context.env,
    signal: context.signal,
  });
  await assertAccepted(
    {
      workspace,
      infra: infra.name,
      lock,
      entries: modules.flatMap((module) => module.lock ?? []),
      unsigned: modules.flatMap(({ kind, name, layer, lock: locked }) =>
        locked === undefined ? { kind, name, layer } : [],
      ),
    },
    managerContext(context, input),
  );
  const data = modules.map(({ kind, name, version, layer, dir, shadows, assets, lock, digest }) => ({
    kind,
    name,
    version,
    layer,
    dir,
    shadows,
    assets: assets.length,
    digest: lock === undefined ? undefined : digest,
  }));
  return {
    data,
    table: {
      columns: ['kind', 'name', 'version', 'layer', 'hides'],
      rows: data.map((each) => [
        each.kind,
        each.name,
        each.version,
        each.layer,
        each.shadows.map((shadow) => `${shadow.layer} ${shadow.version}`).join(', '),
      ]),
    },
  };
}
