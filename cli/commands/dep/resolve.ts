import { existsSync } from 'node:fs';
import { ProvError } from '#base';
import type { ResolutionEdit } from '#workspace';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { inTurn } from './in-turn.js';
import { openCommandWorkspace } from './in-workspace.js';
import { describeResult, planOptions } from './plan.js';
import { resolutionFlags } from './resolution-flags.js';

const EXCLUSIVE = [
  ['locked', 'update'],
  ['frozen', 'update'],
  ['locked', 'frozen'],
  ['locked', 'save'],
  ['frozen', 'save'],
] as const;

export const run = inTurn(change);

async function change(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  for (const [a, b] of EXCLUSIVE) {
    if (options[a] === true && options[b] === true)
      throw new ProvError('CLI_OPTION_CONFLICT', { a: `--${a}`, b: `--${b}` });
  }
  const flags = resolutionFlags(input);
  if (options['save'] === true) return saveAndResolve(context, input, flags);
  const workspace = await openCommandWorkspace(context, input, { flags });
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
      ...planOptions(context, input),
    },
    managerContext(context, input),
  );
  return describeResult(result, dryRun);
}

/** What is locked is what the file will say, so that the next resolution without options keeps it. */
async function saveAndResolve(
  context: CommandContext,
  input: CommandInput,
  flags: Readonly<Record<string, unknown>>,
): Promise<CommandOutput> {
  const { options } = input;
  const settings = Object.entries(flags).map(([key, value]) => [key.slice('resolution.'.length), value]);
  if (settings.length === 0)
    throw new ProvError('CLI_USAGE', {
      reason: '--save has nothing to write',
      hint: 'Give what it is to write, for example --override redis=7.2.1 or --min-age 72h.',
    });
  const workspace = await openCommandWorkspace(context, input);
  const [{ planSetResolution }, { editRequirement }] = await Promise.all([
    import('#workspace'),
    import('#manager'),
  ]);
  const edit = await planSetResolution(workspace.root, Object.fromEntries(settings) as ResolutionEdit);
  const dryRun = options['dryRun'] === true;
  const result = await editRequirement(
    {
      workspace,
      edit,
      open: { env: context.env },
      update: options['update'] === true ? {} : undefined,
      ...planOptions(context, input),
    },
    managerContext(context, input),
  );
  const described = describeResult(result, dryRun);
  const says = !edit.changed ? 'already in' : dryRun ? 'would be written to' : 'written to';
  const what = settings.map(([key]) => key).join(', ');
  return {
    ...described,
    data: { ...described.data, saved: edit.changed && !dryRun },
    text: `${says} config/provisioning.yaml: ${what}\n${described.text}`,
  };
}
