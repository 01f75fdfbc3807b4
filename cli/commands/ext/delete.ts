import { counted, ProvError } from '#base';
import type { DeletePlan, Rehearsed } from '#manager';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { askYes } from '../../present/ask.js';
import { planLines } from './plan-lines.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type !== 'remote')
    throw new ProvError('CLI_USAGE', {
      reason: 'only what is on a registry is deleted; remove files yourself',
    });
  const { deleteReference, planDelete, rehearsed } = await import('#manager');
  const manager = managerContext(context, input);
  const request = { reference, withReferrers: options['withReferrers'] === true };
  const dryRun = options['dryRun'] === true;
  const shown: DeletePlan & Rehearsed = await (dryRun
    ? rehearsed(manager, async (within) => {
        const found = await planDelete(request, within);
        await deleteReference({ ...request, plan: found }, within);
        return found;
      })
    : planDelete(request, manager));
  const { plan: requests, ...plan } = shown;
  const { repository, digest, what, tags, referrers, kept, dependents } = plan;
  if (what === 'nothing') return { data: { ...plan, deleted: [] }, text: `${input.args[0]} is not there` };
  const lines = [
    ...(what === 'tag'
      ? [`the tag ${repository}:${tags[0]} (its manifest ${digest} stays)`]
      : [`${repository}@${digest}${tags.length === 0 ? '' : `, tagged ${tags.join(', ')}`}`]),
    ...referrers.map((each) => `  attached: ${each}`),
  ];
  for (const each of kept) context.note(`warning ${each.what} stays: ${each.reason}`);
  if (dependents.length > 0)
    context.note(
      `warning ${counted(dependents.length, 'version on this registry needs', 'versions on this registry need')} it: ${dependents.slice(0, 10).join(', ')}`,
    );
  if (dryRun)
    return {
      data: { ...plan, deleted: [], plan: requests },
      text: [`would delete ${lines[0]}`, ...lines.slice(1), ...planLines(shown)].join('\n'),
    };
  if (options['force'] !== true && options['yes'] !== true) {
    if (!context.interactive)
      throw new ProvError('CLI_USAGE', {
        reason: 'deleting cannot be undone, and nobody can be asked here',
        hint: 'Add --force (or --yes); --dry-run shows what would go.',
      });
    context.note(lines.join('\n'));
    if (!(await askYes('Delete it? This cannot be undone.', context.signal)))
      return { data: { ...plan, deleted: [] }, text: 'nothing was deleted' };
  }
  const result = await deleteReference({ ...request, plan }, manager);
  for (const warning of result.warnings) context.note(`warning ${warning}`);
  const text = result.deleted.map((each) => `deleted ${each}`).join('\n') || 'it was gone already';
  return { data: { ...result, dependents }, text };
}
