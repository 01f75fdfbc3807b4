import { resolve } from 'node:path';
import { counted } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { copyOutput } from './copy-output.js';
import { bareHost, managerContext, referenceDefaults } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { args, options } = input;
  const to = textOption(options, 'to');
  const registry = to === undefined ? (await referenceDefaults(context, input)).registry : bareHost(to);
  const { importLayout } = await import('#manager');
  const result = await importLayout(
    {
      path: resolve(context.cwd, args[0]!),
      registry,
      namespace: textOption(options, 'namespace'),
      repository: textOption(options, 'repository'),
      referrers: options['referrers'] !== false,
      keepGoing: options['keepGoing'] === true,
      dryRun: options['dryRun'] === true,
    },
    managerContext(context, input),
  );
  const what = `${counted(result.items.length, 'tag')} to ${registry}`;
  return copyOutput(result, { past: 'imported', future: 'would import' }, what);
}
