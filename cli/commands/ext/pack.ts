import { resolve } from 'node:path';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { formatBytes, managerContext, vendorOption } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { args, options } = input;
  const { packToLayout } = await import('#manager');
  const output = textOption(options, 'output');
  const result = await packToLayout(
    {
      dir: resolve(context.cwd, args[0]!),
      layout: output === undefined ? undefined : resolve(context.cwd, output),
      namespace: textOption(options, 'namespace') ?? '',
      vendorAssets: vendorOption(options['vendorAssets']),
    },
    managerContext(context, input),
  );
  const where =
    output === undefined ? '' : `\nwritten to oci-layout:${output}#${result.repository}:${result.tag}`;
  return {
    data: result,
    text: `${result.name} ${result.version}\n${result.digest} (${formatBytes(result.size)})${where}`,
  };
}
