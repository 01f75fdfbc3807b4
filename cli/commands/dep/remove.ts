import { ProvError } from '#base';
import type { Kind } from '#schemas';
import type { Workspace } from '#workspace';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { inTurn } from './in-turn.js';
import { openCommandWorkspace } from './in-workspace.js';
import { describeResult, planOptions } from './plan.js';
import { requirementArguments } from './requirement.js';

export const run = inTurn(change);

async function change(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const workspace = await openCommandWorkspace(context, input);
  const { kind, name } = named(input, workspace);
  const { planRemoveRequirement } = await import('#workspace');
  const edit = await planRemoveRequirement(workspace.root, { kind, name });
  const told = kind === undefined ? name : `${kind} ${name}`;
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
      ...planOptions(context, input),
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

/** What is to go: KIND NAME, KIND/NAME, or NAME alone where nothing else is required under that name. */
function named({ args }: CommandInput, { requirements }: Workspace): { kind?: Kind; name: string } {
  const [first = '', second] = args;
  if (second !== undefined || first.includes('/')) return requirementArguments(args);
  const kinds = [...new Set(requirements.filter(({ name }) => name === first).map(({ kind }) => kind))];
  if (kinds.length > 1)
    throw new ProvError('CLI_USAGE', {
      reason: `${first} is required as ${kinds.join(' and as ')}`,
      hint: `Say which one: ${kinds.map((kind) => `${kind}/${first}`).join(' or ')}.`,
    });
  return { ...(kinds[0] !== undefined && { kind: kinds[0] }), name: first };
}
