import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { managerContext } from '../ext/shared.js';
import { inTurn } from './in-turn.js';
import { openCommandWorkspace } from './in-workspace.js';
import { describeResult, planOptions } from './plan.js';
import { requirementArguments } from './requirement.js';
import { resolutionFlags } from './resolution-flags.js';

export const run = inTurn(change);

async function change(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const alias = textOption(options, 'as');
  const requirement = { ...requirementArguments(input.args), ...(alias === undefined ? {} : { alias }) };
  const flags = resolutionFlags(input);
  const workspace = await openCommandWorkspace(context, input, { flags });
  const { planSetRequirement } = await import('#workspace');
  const edit = await planSetRequirement(workspace.root, requirement);
  const told = `${requirement.kind} ${requirement.name} ${requirement.range}${alias === undefined ? '' : ` as ${alias}`}`;
  if (options['resolve'] === false) {
    await edit.write();
    if (edit.changed) context.note('prov dep resolve brings the lock up to date');
    return {
      data: { ...requirement, changed: edit.changed },
      text: `${edit.changed ? 'now requires' : 'requires already'} ${told}`,
    };
  }
  const { editRequirement } = await import('#manager');
  const dryRun = options['dryRun'] === true;
  const result = await editRequirement(
    {
      workspace,
      edit,
      open: { env: context.env, flags },
      ...planOptions(context, input),
    },
    managerContext(context, input),
  );
  const described = describeResult(result, dryRun);
  const says = dryRun ? 'would require' : edit.changed ? 'now requires' : 'requires already';
  return {
    ...described,
    data: { ...requirement, changed: edit.changed && !dryRun, ...described.data },
    text: `${says} ${told}\n${described.text}`,
  };
}
