import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { explainForm } from './explain-options.js';
import { openCommandWorkspace } from './in-workspace.js';
import { confirmPlan, describeResult } from './plan.js';
import { requirementArguments } from './requirement.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const { kind, name } = requirementArguments(input.args);
  const workspace = await openCommandWorkspace(context, input);
  const { planRemoveRequirement } = await import('#workspace');
  const edit = await planRemoveRequirement(workspace.root, { kind, name });
  const told = `${kind} ${name}`;
  if (options['resolve'] === false) {
    await edit.write();
    if (edit.changed) context.note('prov dep resolve brings the lock up to date');
    return { data: { kind, name, changed: edit.changed }, text: `no longer requires ${told}` };
  }
  const { editRequirement } = await import('#manager');
  const dryRun = options['dryRun'] === true;
  const result = await editRequirement(
    {
      workspace,
      edit,
      open: { env: context.env },
      install: options['install'] !== false,
      allowLocal: options['allowLocal'] === true,
      dryRun,
      confirm: confirmPlan(context, options['yes'] === true),
      explain: explainForm(input),
    },
    managerContext(context, input),
  );
  const described = describeResult(result, dryRun);
  return {
    ...described,
    data: { kind, name, changed: edit.changed && !dryRun, ...described.data },
    text: `${dryRun ? 'would no longer require' : 'no longer requires'} ${told}\n${described.text}`,
  };
}
