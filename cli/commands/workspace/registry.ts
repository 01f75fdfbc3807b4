import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { openCommandWorkspace } from '../dep/in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const [id, url] = input.args as [string, string];
  const workspace = await openCommandWorkspace(context, input);
  const { setRegistry } = await import('#workspace');
  const { changed } = await setRegistry(workspace.root, { id, url });
  return { data: { id, url, changed }, text: `registry ${id} is ${changed ? 'now' : 'already'} at ${url}` };
}
