import { EXIT } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';
import { planTable, planText } from './plan.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input);
  const [from, to] = input.args;
  const { diffLocks } = await import('#manager');
  const changes = await diffLocks({ workspace, from, to }, managerContext(context, input));
  return {
    data: { changes },
    text: changes.length === 0 ? 'the locks install the same' : planText(changes),
    table: planTable(changes),
    ...(changes.length > 0 && input.options['exitCode'] === true ? { exit: EXIT.differences } : {}),
  };
}
