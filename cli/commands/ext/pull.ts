import { ProvError } from '#base';
import type { PullResult } from '#manager';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { planLines } from './plan-lines.js';
import { policyOption, UNVERIFIED } from './policy.js';
import { formatBytes, managerContext, referenceArgument } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', { reason: `${reference.path} is a directory already` });
  const common = {
    reference,
    destination: textOption(options, 'destination'),
    force: options['force'] === true,
    dryRun: options['dryRun'] === true,
  };
  const manager = managerContext(context, input);
  const allowRevoked = options['allowRevoked'] === true;
  if (options['any'] === true) {
    if (options['key'] !== undefined) throw new ProvError('CLI_OPTION_CONFLICT', { a: '--any', b: '--key' });
    const { pullArtifact } = await import('#manager');
    const result = await pullArtifact({ ...common, allowRevoked }, manager);
    const files = result.files.map(({ title, size }) => `  ${title} (${formatBytes(size)})`);
    const what = result.written ? 'pulled' : 'would pull';
    return {
      data: result,
      text: [
        `${what} ${result.reference}`,
        `into ${result.destination}`,
        ...files,
        ...planLines(result),
      ].join('\n'),
    };
  }
  const { pullExtension } = await import('#manager');
  const policy = await policyOption(context, input, 'workspace');
  if (policy === undefined) context.note(UNVERIFIED);
  const result = await pullExtension(
    {
      ...common,
      policy,
      platform: textOption(options, 'platform'),
      allowRevoked,
    },
    manager,
  );
  const { reference: pulled, state = 'active', reason = 'no reason was given', replacement } = result;
  const instead = replacement === undefined ? '' : `; take ${replacement} instead`;
  if (state !== 'active') context.note(`warning ${pulled} is ${state}: ${reason}${instead}`);
  return { data: result, text: textOf(result) };
}

function textOf(result: PullResult): string {
  const { reference, destination, size, signer, fetched } = result;
  const what = result.unchanged ? 'already there:' : result.written ? 'pulled' : 'would pull';
  return [
    `${what} ${reference}`,
    `into ${destination} (${formatBytes(size)}, ${fetched === 0 ? 'nothing' : formatBytes(fetched)} over the network)`,
    ...(signer === undefined ? [] : [`signed by ${signer}`]),
    ...planLines(result),
  ].join('\n');
}
