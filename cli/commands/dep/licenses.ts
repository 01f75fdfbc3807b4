import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';

const NONE = '(none stated)';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input);
  const { listLicences } = await import('#manager');
  const extensions = await listLicences(workspace, managerContext(context, input));
  const byLicence = new Map<string, string[]>();
  for (const { licence = NONE, name, version } of extensions)
    byLicence.set(licence, [...(byLicence.get(licence) ?? []), `${name} ${version}`]);
  const sorted = [...byLicence].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    data: {
      extensions,
      licences: Object.fromEntries(sorted.map(([licence, names]) => [licence, names.length])),
    },
    text: sorted.map(([licence, names]) => `${licence}: ${names.join(', ')}`).join('\n'),
    table: {
      columns: ['licence', 'kind', 'name', 'version'],
      rows: extensions.map(({ licence = NONE, kind, name, version }) => [licence, kind, name, version]),
    },
  };
}
