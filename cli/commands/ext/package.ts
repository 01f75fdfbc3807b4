import { resolve } from 'node:path';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { pack } from './pack.js';

/** Like `pack`, with a file `NAME-VERSION.tar.gz` as what is written unless told otherwise. */
export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const output = textOption(input.options, 'output');
  return pack(
    context,
    input,
    output === undefined ? { path: context.cwd, named: true } : { path: resolve(context.cwd, output) },
  );
}
