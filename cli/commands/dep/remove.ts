import { parseKind } from '#schemas';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const kind = parseKind(input.args[0]!);
  const name = input.args[1]!;
  const workspace = await openCommandWorkspace(context, input);
  const { removeRequirement } = await import('#workspace');
  const { changed } = await removeRequirement(workspace.root, { kind, name });
  return {
    data: { kind, name, changed },
    text: changed ? `no longer requires ${kind} ${name}` : `did not require ${kind} ${name}`,
  };
}
