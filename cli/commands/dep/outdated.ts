import { EXIT } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { formatTable } from '../../present/printer.js';
import { managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';
import { resolutionFlags } from './resolution-flags.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input, { flags: resolutionFlags(input) });
  const { outdated } = await import('#manager');
  const rows = await outdated({ workspace, names: input.rest }, managerContext(context, input));
  const table = {
    columns: ['kind', 'name', 'current', 'upgradable', 'resolvable', 'latest', 'why not latest'],
    rows: rows.map(({ kind, name, current, upgradable, resolvable, latest, reasons }) => [
      kind,
      name,
      current,
      upgradable,
      resolvable,
      latest,
      reasons.join('; ') || '-',
    ]),
  };
  if (input.options['offline'] === true)
    context.note('only what this machine has kept was looked at: there may be newer versions');
  return {
    data: rows,
    text: rows.length === 0 ? 'everything is at its newest version' : formatTable(table),
    table,
    exit: input.options['exitCode'] === true && rows.length > 0 ? EXIT.differences : EXIT.ok,
  };
}
