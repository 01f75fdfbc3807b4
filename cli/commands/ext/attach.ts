import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ProvError } from '#base';
import type { AttachedFile } from '#manager';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { listOption, pairsOption, textOption } from '../../options.js';
import { planLines } from './plan-lines.js';
import { formatBytes, managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { args, rest, options } = input;
  const reference = await referenceArgument(args[0]!, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', { reason: 'nothing can be attached to a directory' });
  const annotations = pairsOption(listOption(options, 'annotation'), '--annotation');
  const { attachFiles } = await import('#manager');
  const result = await attachFiles(
    {
      reference,
      files: rest.map((text) => fileArgument(text, context)),
      artifactType: textOption(options, 'artifactType'),
      annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
      dryRun: options['dryRun'] === true,
    },
    managerContext(context, input),
  );
  const what = result.attached ? 'attached' : 'would attach';
  const files = result.files.map(({ title, size }) => `  ${title} (${formatBytes(size)})`);
  return {
    data: result,
    text: [
      `${what} ${result.artifactType} to ${result.subject}`,
      ...files,
      `digest ${result.digest}`,
      ...planLines(result),
    ].join('\n'),
  };
}

/** `FILE` or `FILE:media/type`, as oras takes it; a path that is there as a whole wins. */
function fileArgument(text: string, { cwd }: CommandContext): AttachedFile {
  const typed = /^(.+):([^:/]+\/[^:/]+)$/.exec(text);
  if (!typed || existsSync(resolve(cwd, text))) return { path: resolve(cwd, text) };
  return { path: resolve(cwd, typed[1]!), mediaType: typed[2]! };
}
