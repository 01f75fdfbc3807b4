import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input);
  const { whyLocked } = await import('#manager');
  const found = await whyLocked(workspace, input.args[0] ?? '');
  const lines = found.flatMap(({ kind, name, version, requiredBy, path }) => [
    path.length > 1
      ? `${kind} ${name} ${version} is there because of ${path.join(' → ')}`
      : `${kind} ${name} ${version} is required by the workspace itself`,
    ...requiredBy.map(({ by, range, origin, layer, optional, capability }) => {
      const who = origin === undefined ? by : `${origin} (${layer})`;
      const as = capability === undefined ? '' : `, for ${capability}`;
      return `  ${who} requires ${name} ${range}${as}${optional ? ', optionally' : ''}`;
    }),
  ]);
  context.note(
    found.map(({ kind, name }) => `prov outdated ${kind}/${name} says why it is not newer`).join('\n'),
  );
  return {
    data: found,
    text: lines.join('\n'),
    table: {
      columns: ['name', 'version', 'required by', 'range', 'where'],
      rows: found.flatMap(({ name, version, requiredBy }) =>
        requiredBy.map(({ by, range, origin }) => [name, version, by, range, origin ?? 'prov.lock']),
      ),
    },
  };
}
