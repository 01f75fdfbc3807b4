import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { explainForm } from './explain-options.js';
import { openCommandWorkspace } from './in-workspace.js';
import { resolutionFlags } from './resolution-flags.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const asked = input.args[0] ?? '';
  const at = asked.lastIndexOf('@');
  if (at < 1 || at === asked.length - 1)
    throw new ProvError('CLI_USAGE', {
      reason: `"${asked}" names no version`,
      hint: 'Write NAME@VERSION, for example redis@7.2.4.',
    });
  const workspace = await openCommandWorkspace(context, input, { flags: resolutionFlags(input) });
  const { whyNot } = await import('#manager');
  const form = explainForm(input);
  const result = await whyNot(
    { workspace, name: asked.slice(0, at), version: asked.slice(at + 1), form },
    managerContext(context, input),
  );
  const { name, version, possible, changes, explanation } = result;
  const cost =
    changes.length === 0
      ? 'nothing else would change'
      : `these would change too:\n${changes.map((each) => `  ${each.name} ${each.from ?? 'not there'} → ${each.to ?? 'not there'}`).join('\n')}`;
  return {
    data: result,
    text: possible ? `${name} ${version} is possible; ${cost}` : (explanation ?? ''),
    table: {
      columns: ['name', 'from', 'to'],
      rows: changes.map((each) => [each.name, each.from ?? '-', each.to ?? '-']),
    },
  };
}
