import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { formatBytes, managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const from = await referenceArgument(input.args[0]!, context, input);
  const to = await referenceArgument(input.args[1]!, context, input);
  if (from.type === 'directory' || to.type === 'directory' || to.type === 'bundle') {
    throw new ProvError('CLI_USAGE', {
      reason: 'copy goes from a registry, layout or bundle to a registry or layout',
      hint: 'Use prov ext push for a directory and prov mirror export for a bundle.',
    });
  }
  const { copyReference } = await import('#manager');
  const result = await copyReference({ from, to }, managerContext(context, input));
  return {
    data: result,
    text: `copied ${result.from}\nto ${result.to}: ${result.copied} pieces, ${formatBytes(result.bytes)}; ${result.skipped} were there`,
  };
}
