import { existsSync } from 'node:fs';
import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { explainForm } from './explain-options.js';
import { openCommandWorkspace } from './in-workspace.js';
import { confirmPlan, describeResult } from './plan.js';
import { resolutionFlags } from './resolution-flags.js';

const EXCLUSIVE = [
  ['locked', 'update'],
  ['frozen', 'update'],
  ['locked', 'frozen'],
] as const;

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  for (const [a, b] of EXCLUSIVE) {
    if (options[a] === true && options[b] === true)
      throw new ProvError('CLI_OPTION_CONFLICT', { a: `--${a}`, b: `--${b}` });
  }
  const workspace = await openCommandWorkspace(context, input, { flags: resolutionFlags(input) });
  const { resolveWorkspace } = await import('#manager');
  const frozen = options['frozen'] === true;
  const update = options['update'] === true;
  const inCi = context.env['CI'] === 'true' && options['locked'] === undefined && !update && !frozen;
  const dryRun = options['dryRun'] === true;
  const result = await resolveWorkspace(
    {
      workspace,
      locked: options['locked'] === true || (inCi && existsSync(workspace.lockFile)),
      frozen,
      update: update ? {} : undefined,
      install: options['install'] !== false,
      allowLocal: options['allowLocal'] === true,
      dryRun,
      explain: explainForm(input),
      confirm: confirmPlan(context, options['yes'] === true),
    },
    managerContext(context, input),
  );
  return describeResult(result, dryRun);
}
