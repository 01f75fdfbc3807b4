import { ProvError } from '#base';
import type { TagSelection } from '#manager';
import type { FileReference, RemoteReference } from '#schemas';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { countOption, listOption, textOption } from '../../options.js';
import { copyOutput } from './copy-output.js';
import { managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const from = await referenceArgument(input.args[0]!, context, input);
  const to = await referenceArgument(input.args[1]!, context, input);
  if (from.type === 'directory' || to.type === 'directory') {
    throw new ProvError('CLI_USAGE', {
      reason: 'copy goes from one registry, layout or bundle to another',
      hint: 'Use prov ext push for a directory; a layout is written oci-layout:DIR.',
    });
  }
  const allTags = options['allTags'] === true ? selection(input) : undefined;
  if (allTags !== undefined) assertRepositories(from, to);
  const { copyReference } = await import('#manager');
  const result = await copyReference(
    {
      from,
      to,
      allTags,
      referrers: options['referrers'] !== false,
      keepGoing: options['keepGoing'] === true,
      dryRun: options['dryRun'] === true,
      force: options['force'] === true,
    },
    managerContext(context, input),
  );
  return copyOutput(result, { past: 'copied', future: 'would copy' }, `${result.from}\nto ${result.to}`);
}

function selection({ options }: CommandInput): TagSelection {
  return {
    range: textOption(options, 'range'),
    deny: listOption(options, 'deny'),
    newest: countOption(options['newest'], 'newest'),
  };
}

/** @throws CLI_USAGE when a tag is named where all are meant */
function assertRepositories(...ends: readonly (RemoteReference | FileReference)[]): void {
  for (const { tag, digest } of ends)
    if (tag !== undefined || digest !== undefined)
      throw new ProvError('CLI_USAGE', {
        reason: '--all-tags takes repositories: leave the tag and the digest out',
      });
}
