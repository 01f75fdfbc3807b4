import { resolve } from 'node:path';
import { counted, ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { policyOption, UNVERIFIED } from '../ext/policy.js';
import { bareHost, formatBytes, managerContext } from '../ext/shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const to = textOption(input.options, 'to');
  if (to === undefined) throw new ProvError('CLI_USAGE', { reason: 'mirror import needs --to HOST' });
  const { importMirror } = await import('#manager');
  const policy = await policyOption(context, input);
  if (policy === undefined) context.note(UNVERIFIED);
  const result = await importMirror(
    {
      file: resolve(context.cwd, input.args[0]!),
      to: bareHost(to),
      policy,
    },
    managerContext(context, input),
  );
  return {
    data: result,
    text: `imported ${counted(result.extensions, 'extension')} to ${to}: ${counted(result.copied, 'piece')}, ${formatBytes(result.bytes)}; ${counted(result.skipped, 'was', 'were')} there`,
  };
}
