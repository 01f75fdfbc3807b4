import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { openCommandWorkspace } from './in-workspace.js';
import { requirementArguments } from './requirement.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { kind, name } = requirementArguments(input.args);
  const workspace = await openCommandWorkspace(context, input);
  const { removeRequirement } = await import('#workspace');
  const { changed } = await removeRequirement(workspace.root, { kind, name });
  if (changed) context.note('prov dep resolve brings the lock up to date');
  return {
    data: { kind, name, changed },
    text: changed ? `no longer requires ${kind} ${name}` : `did not require ${kind} ${name}`,
  };
}
