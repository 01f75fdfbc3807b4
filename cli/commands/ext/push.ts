import { resolve } from 'node:path';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { formatBytes, managerContext, referenceDefaults, vendorOption } from './shared.js';
import { requireSigner } from './signer.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { args, options } = input;
  const { publishExtension } = await import('#manager');
  const signer =
    options['sign'] === true || options['key'] !== undefined
      ? await requireSigner(context, input)
      : undefined;
  const result = await publishExtension(
    {
      dir: resolve(context.cwd, args[0]!),
      ...(await referenceDefaults(context, input)),
      vendorAssets: vendorOption(options['vendorAssets']),
      signer,
      dryRun: options['dryRun'] === true,
      expect: { name: args[1], version: args[2] },
    },
    managerContext(context, input),
  );
  const what = options['dryRun'] === true ? 'would push' : result.pushed ? 'pushed' : 'already there';
  const signed = result.signedBy === undefined ? '' : `\nsigned by key ${result.signedBy}`;
  return { data: result, text: `${what}: ${result.reference} (${formatBytes(result.size)})${signed}` };
}
