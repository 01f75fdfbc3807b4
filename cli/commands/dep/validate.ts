import { counted } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input);
  const { validateWorkspace } = await import('#manager');
  const result = await validateWorkspace(workspace, managerContext(context, input));
  const { requirements, extensions, locked } = result;
  const how = locked
    ? 'the lock fits and has an order to run in'
    : 'there is a solution; nothing is locked yet';
  return {
    data: result,
    text: `${counted(requirements, 'requirement')}, ${counted(extensions, 'extension')}: ${how}`,
  };
}
