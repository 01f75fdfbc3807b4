import { resolve } from 'node:path';
import { counted, ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { managerContext } from '../ext/shared.js';
import { inTurn } from './in-turn.js';
import { openCommandWorkspace } from './in-workspace.js';

/** Three files are no lock of a workspace yet: git has it run beside others. */
export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const threeFiles = input.args[0] !== undefined;
  return (threeFiles ? merge : inTurn(merge))(context, input);
}

async function merge(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const [base, ours, theirs] = input.args.map((path) =>
    path === undefined ? path : resolve(context.cwd, path),
  );
  if (base !== undefined && (ours === undefined || theirs === undefined))
    throw new ProvError('CLI_USAGE', {
      reason: 'a merge takes three files, or none',
      hint: 'Write prov lock merge BASE OURS THEIRS, or prov lock merge for a lock with conflict markers.',
    });
  const files =
    base === undefined || ours === undefined || theirs === undefined ? undefined : { base, ours, theirs };
  const output = textOption(input.options, 'output');
  const workspace = await openCommandWorkspace(context, input);
  const { mergeLock } = await import('#manager');
  const result = await mergeLock(
    {
      workspace,
      files,
      output: output === undefined ? undefined : resolve(context.cwd, output),
      allowLocal: input.options['allowLocal'] === true,
    },
    managerContext(context, input),
  );
  const { merged, resolved, conflicts, extensions } = result;
  const lines = conflicts.map(
    ({ what, ours: a, theirs: b }) => `both changed ${what}: ${a ?? '-'} | ${b ?? '-'}`,
  );
  const end = !merged
    ? 'the lock holds no conflict markers: nothing to merge'
    : resolved
      ? `resolved again: ${counted(extensions, 'extension')}`
      : `merged: ${counted(extensions, 'extension')}`;
  return { data: result, text: [...lines, end].join('\n') };
}
