import { resolve } from 'node:path';
import { counted, ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { listOption } from '../../options.js';
import { planLines } from './plan-lines.js';
import { formatBytes, managerContext, referenceDefaults, vendorOption } from './shared.js';
import { requireSigner, signatureFormGiven } from './signer.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { args, options } = input;
  const sign = options['sign'] !== false;
  if (sign && options['key'] === undefined)
    throw new ProvError('CLI_USAGE', {
      reason: 'publishing needs --key FILE, or --no-sign',
      hint: 'Make a key with prov key generate.',
    });
  const { publishExtension } = await import('#manager');
  const result = await publishExtension(
    {
      dir: resolve(context.cwd, args[0]!),
      ...(await referenceDefaults(context, input)),
      vendorAssets: vendorOption(options['vendorAssets']),
      signer: sign ? await requireSigner(context, input) : undefined,
      signatureForm: signatureFormGiven(input),
      tags: listOption(options, 'tag'),
      test: options['test'] !== false,
      dryRun: options['dryRun'] === true,
      expect: { name: args[1], version: args[2] },
    },
    managerContext(context, input),
  );
  for (const { message } of result.findings) context.note(`warning ${message}`);
  for (const warning of result.warnings) context.note(`warning ${warning}`);
  const { tests, plan, landed, tagged, index } = result;
  const what = plan !== undefined ? 'would publish' : result.pushed ? 'published' : 'already there';
  const lines = [
    `${what}: ${result.reference} (${formatBytes(result.size)})`,
    tests === 'skipped'
      ? 'tests: skipped (--no-test)'
      : tests.length === 0
        ? 'tests: none in tests/'
        : `tests: ${tests.length} passed`,
    result.signedBy === undefined ? 'not signed (--no-sign)' : `signed by key ${result.signedBy}`,
    ...(tagged.length === 0 ? [] : [`${plan === undefined ? 'tagged' : 'would tag'} ${tagged.join(', ')}`]),
    ...(landed === undefined
      ? []
      : [
          `read back ${counted(landed.blobs, 'blob')}, ${formatBytes(landed.bytes)}: as pushed`,
          `index: ${index.by === 'endpoint' ? 'kept by the registry' : index.by === 'artifact' ? 'written' : 'not written'}`,
        ]),
    ...planLines(result),
  ];
  return { data: result, text: lines.join('\n') };
}
