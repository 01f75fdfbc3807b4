import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { managerContext } from '../ext/shared.js';
import { inTurn } from './in-turn.js';
import { openCommandWorkspace } from './in-workspace.js';
import { describeResult, planOptions } from './plan.js';
import { resolutionFlags } from './resolution-flags.js';

export const run = inTurn(change);

async function change(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options, rest: names } = input;
  const to = textOption(options, 'to');
  if (to !== undefined && names.length !== 1)
    throw new ProvError('CLI_USAGE', {
      reason: '--to takes the version of one extension',
      hint: 'For example: prov update redis --to 7.2.1',
    });
  const workspace = await openCommandWorkspace(context, input, { flags: resolutionFlags(input) });
  const { resolveWorkspace } = await import('#manager');
  const plan = options['plan'] === true || options['dryRun'] === true;
  const result = await resolveWorkspace(
    {
      workspace,
      update: names.length === 0 ? {} : { names, to },
      ...planOptions(context, input),
      dryRun: plan,
    },
    managerContext(context, input),
  );
  return describeResult(result, plan);
}
