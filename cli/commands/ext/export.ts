import { resolve } from 'node:path';
import { counted, ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { copyOutput } from './copy-output.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options, rest } = input;
  const output = textOption(options, 'output');
  if (output === undefined)
    throw new ProvError('CLI_USAGE', {
      reason: 'export needs --output DIR or --output FILE.tar',
    });
  const references = await Promise.all(
    rest.map(async (text) => {
      const reference = await referenceArgument(text, context, input);
      if (reference.type !== 'directory') return reference;
      throw new ProvError('CLI_USAGE', {
        reason: `${text} is a directory`,
        hint: 'prov ext pack --output writes a directory into a layout.',
      });
    }),
  );
  const { exportReferences } = await import('#manager');
  const result = await exportReferences(
    {
      references,
      output: resolve(context.cwd, output),
      referrers: options['referrers'] !== false,
      keepGoing: options['keepGoing'] === true,
      dryRun: options['dryRun'] === true,
      force: options['force'] === true,
    },
    managerContext(context, input),
  );
  const what = `${counted(result.items.length, 'reference')} to ${result.output}`;
  return copyOutput(result, { past: 'exported', future: 'would export' }, what);
}
