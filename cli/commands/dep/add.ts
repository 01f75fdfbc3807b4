import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { openCommandWorkspace } from './in-workspace.js';
import { requirementArguments } from './requirement.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const requirement = requirementArguments(input.args);
  const workspace = await openCommandWorkspace(context, input);
  const { setRequirement } = await import('#workspace');
  const { changed } = await setRequirement(workspace.root, requirement);
  if (changed) context.note('prov dep resolve brings the lock up to date');
  return {
    data: { ...requirement, changed },
    text: `${changed ? 'now requires' : 'requires already'} ${requirement.kind} ${requirement.name} ${requirement.range}`,
  };
}
