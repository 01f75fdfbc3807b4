import { counted } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { formatBytes, managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input);
  const { fetchLock } = await import('#manager');
  const allPlatforms = input.options['allPlatforms'] === true;
  const result = await fetchLock({ workspace, allPlatforms }, managerContext(context, input));
  const { extensions, pieces, bytes } = result;
  return {
    data: result,
    text: `${counted(extensions, 'extension is', 'extensions are')} on this machine: ${counted(pieces, 'piece')}, ${formatBytes(bytes)}`,
  };
}
