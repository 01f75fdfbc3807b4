import { ProvError } from '#base';
import type { ManagerContext, PullArtifactResult, PullResult } from '#manager';
import type { FileReference, RemoteReference } from '#schemas';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { namedThings } from './from-file.js';
import { manyOutput } from './many-output.js';
import { planLines } from './plan-lines.js';
import { policyOption, UNVERIFIED } from './policy.js';
import { formatBytes, managerContext, referenceArgument } from './shared.js';

type Pulled = PullResult | PullArtifactResult;
type Pull = (
  reference: RemoteReference | FileReference,
  where: { readonly destination?: string | undefined; readonly into?: string | undefined },
  manager: ManagerContext,
) => Promise<Pulled>;

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const things = await namedThings(input.rest, context, input);
  const references = await Promise.all(things.map((text) => pullable(text, context, input)));
  const pull = await pullWith(context, input);
  const manager = managerContext(context, input);
  const given = textOption(input.options, 'destination');
  const [only, ...others] = references;
  if (only !== undefined && others.length === 0 && input.options['fromFile'] === undefined) {
    const result = await pull(only, { destination: given }, manager);
    return { data: result, text: [textOf(result), ...planLines(result)].join('\n') };
  }
  const { runMany } = await import('#manager');
  const dryRun = input.options['dryRun'] === true;
  const outcomes = await runMany(
    references,
    {
      // Two of one name would meet at one destination.
      keyOf: ({ repository = '' }) => repository.slice(repository.lastIndexOf('/') + 1),
      keepGoing: input.options['keepGoing'] === true,
      dryRun,
    },
    manager,
    (reference, within) => pull(reference, { into: given }, within),
  );
  return manyOutput<Pulled>(things, outcomes, {
    verb: dryRun ? 'would pull' : 'pulled',
    isNew: (result) => dryRun || !isThere(result),
    reference: ({ reference }) => reference,
    text: textOf,
  });
}

async function pullable(text: string, context: CommandContext, input: CommandInput) {
  const reference = await referenceArgument(text, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', { reason: `${reference.path} is a directory already` });
  return reference;
}

/** How each reference is pulled; what the options ask for is read once. */
async function pullWith(context: CommandContext, input: CommandInput): Promise<Pull> {
  const { options } = input;
  const common = {
    force: options['force'] === true,
    dryRun: options['dryRun'] === true,
    allowRevoked: options['allowRevoked'] === true,
  };
  if (options['any'] === true) {
    if (options['key'] !== undefined) throw new ProvError('CLI_OPTION_CONFLICT', { a: '--any', b: '--key' });
    const { pullArtifact } = await import('#manager');
    return (reference, where, manager) => pullArtifact({ ...common, ...where, reference }, manager);
  }
  const { pullExtension } = await import('#manager');
  const policy = await policyOption(context, input);
  if (policy === undefined) context.note(UNVERIFIED);
  const platform = textOption(options, 'platform');
  return async (reference, where, manager) => {
    const result = await pullExtension({ ...common, ...where, reference, policy, platform }, manager);
    const { reference: pulled, state = 'active', reason = 'no reason was given', replacement } = result;
    const instead = replacement === undefined ? '' : `; take ${replacement} instead`;
    if (state !== 'active') context.note(`warning ${pulled} is ${state}: ${reason}${instead}`);
    return result;
  };
}

function isThere(result: Pulled): boolean {
  return 'unchanged' in result && result.unchanged;
}

function textOf(result: Pulled): string {
  const { reference, destination, written } = result;
  const what = isThere(result) ? 'already there:' : written ? 'pulled' : 'would pull';
  if ('files' in result)
    return [
      `${what} ${reference}`,
      `into ${destination}`,
      ...result.files.map(({ title, size }) => `  ${title} (${formatBytes(size)})`),
    ].join('\n');
  const { size, signer, fetched } = result;
  return [
    `${what} ${reference}`,
    `into ${destination} (${formatBytes(size)}, ${fetched === 0 ? 'nothing' : formatBytes(fetched)} over the network)`,
    ...(signer === undefined ? [] : [`signed by ${signer}`]),
  ].join('\n');
}
