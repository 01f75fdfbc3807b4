import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { openCommandWorkspace } from '../dep/in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input);
  const { explainConfig, loadInfra } = await import('#workspace');
  const infra = textOption(input.options, 'infra');
  const config = infra === undefined ? workspace.config : (await loadInfra(workspace, infra)).config;
  const rows = explainConfig(config, input.args[0]);
  const place = (row: (typeof rows)[number]) =>
    row.file === undefined ? row.layer : `${row.file}${row.line === undefined ? '' : `:${row.line}`}`;
  return {
    data: rows,
    table: {
      columns: ['key', 'value', 'from', 'layer'],
      rows: rows.map((row) => [row.key, JSON.stringify(row.value), place(row), row.layer]),
    },
  };
}
