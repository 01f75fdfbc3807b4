import { join, resolve } from 'node:path';
import { counted, ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { workspaceRoot } from '../dep/in-workspace.js';
import { formatBytes, managerContext } from '../ext/shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const lock = textOption(input.options, 'lock');
  const output = textOption(input.options, 'output');
  if (output === undefined) throw new ProvError('CLI_USAGE', { reason: 'mirror export needs --output FILE' });
  const { exportMirror } = await import('#manager');
  const lockFile =
    lock === undefined
      ? join(await workspaceRoot(context, input.options), 'prov.lock')
      : resolve(context.cwd, lock);
  const result = await exportMirror(
    { lockFile, output: resolve(context.cwd, output) },
    managerContext(context, input),
  );
  return {
    data: result,
    text: `wrote ${result.file}: ${counted(result.extensions, 'extension')}, ${formatBytes(result.size)}\n${result.digest}`,
  };
}
