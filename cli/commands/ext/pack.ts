import { resolve } from 'node:path';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { formatBytes, managerContext, vendorOption } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const output = textOption(input.options, 'output');
  return pack(context, input, output === undefined ? undefined : { path: resolve(context.cwd, output) });
}

export async function pack(
  context: CommandContext,
  input: CommandInput,
  output: { readonly path: string; readonly named?: boolean } | undefined,
): Promise<CommandOutput> {
  const { args, options } = input;
  const { packToLayout } = await import('#manager');
  const result = await packToLayout(
    {
      dir: resolve(context.cwd, args[0]!),
      output,
      namespace: textOption(options, 'namespace') ?? '',
      vendorAssets: vendorOption(options['vendorAssets']),
    },
    managerContext(context, input),
  );
  const written = result.output === undefined ? '' : `\nwritten to ${result.output}`;
  return {
    data: result,
    text: `${result.name} ${result.version}\n${result.digest} (${formatBytes(result.size)})${written}`,
  };
}
