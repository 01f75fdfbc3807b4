import { parseKind } from '#schemas';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { openCommandWorkspace } from './in-workspace.js';
import { requirementOf } from './requirement.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const requirement = requirementOf(parseKind(input.args[0]!), input.args[1]!);
  const workspace = await openCommandWorkspace(context, input);
  const { setRequirement } = await import('#workspace');
  const { changed } = await setRequirement(workspace.root, requirement);
  return {
    data: { ...requirement, changed },
    text: `${changed ? 'now requires' : 'requires already'} ${requirement.kind} ${requirement.name} ${requirement.range}`,
  };
}
