import { ProvError } from '#base';
import type { ManagerContext, PushResult, PushStoredOptions } from '#manager';
import type { FileReference } from '#schemas';
import type { Signer } from '#trust';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { namedThings } from './from-file.js';
import { manyOutput } from './many-output.js';
import { packageArgument } from './package-argument.js';
import { planLines } from './plan-lines.js';
import { formatBytes, managerContext, referenceArgument, referenceDefaults, vendorOption } from './shared.js';
import { requireSigner, signatureFormGiven } from './signer.js';

type Push = (text: string, manager: ManagerContext) => Promise<PushResult>;

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { args, options } = input;
  const [first, name, version] = args;
  const things = await namedThings([first], context, input);
  const isList = options['fromFile'] !== undefined;
  if (isList && name !== undefined)
    throw new ProvError('CLI_USAGE', {
      reason: 'a name and a version are those of one package, not of a list',
    });
  const dryRun = options['dryRun'] === true;
  const push = await pushWith(context, input, { name, version });
  const manager = managerContext(context, input);
  if (!isList) {
    const result = await push(things[0]!, manager);
    return { data: result, text: [textOf(result, dryRun), ...planLines(result)].join('\n') };
  }
  const { runMany } = await import('#manager');
  const many = { keyOf: (text: string) => text, keepGoing: options['keepGoing'] === true, dryRun };
  return manyOutput<PushResult>(things, await runMany(things, many, manager, push), {
    verb: dryRun ? 'would push' : 'pushed',
    isNew: ({ pushed }) => dryRun || pushed,
    reference: ({ reference }) => reference,
    text: (result) => textOf(result, dryRun),
  });
}

/** How each package is pushed; the key is read once. */
async function pushWith(
  context: CommandContext,
  input: CommandInput,
  expect: { readonly name?: string | undefined; readonly version?: string | undefined },
): Promise<Push> {
  const { options } = input;
  const signer =
    options['sign'] === true || options['key'] !== undefined
      ? await requireSigner(context, input)
      : undefined;
  const dryRun = options['dryRun'] === true;
  const to = { ...(await referenceDefaults(context, input)), dryRun, expect };
  const vendorAssets = vendorOption(options['vendorAssets']);
  const { pushExtension, withExtensionTree } = await import('#manager');
  return async (text, manager) => {
    const source = await packageArgument(text, context, input);
    if (source.type === 'remote')
      throw new ProvError('CLI_USAGE', {
        reason: `${text} is on a registry already`,
        hint: 'prov ext copy moves it to another one.',
      });
    if (source.type === 'oci-layout' || source.type === 'bundle')
      return pushStored({ ...to, from: source }, signer, { context, input, manager });
    return withExtensionTree(source, manager, (dir) =>
      pushExtension({ ...to, dir, vendorAssets, signer, signatureForm: signatureFormGiven(input) }, manager),
    );
  };
}

interface Caller {
  readonly context: CommandContext;
  readonly input: CommandInput;
  readonly manager: ManagerContext;
}

/** What is packed goes as it is, with what is attached to it; signing comes after. */
async function pushStored(
  options: PushStoredOptions & { readonly from: FileReference },
  signer: Signer | undefined,
  { context, input, manager }: Caller,
): Promise<PushResult> {
  if (input.options['vendorAssets'] !== undefined)
    throw new ProvError('CLI_USAGE', {
      reason: '--vendor-assets has no effect on what is packed already',
      hint: 'Pack it again with prov ext pack --vendor-assets.',
    });
  const { pushStored: push, signReference } = await import('#manager');
  const pushed = await push(options, manager);
  if (signer === undefined || options.dryRun) return pushed;
  const reference = await referenceArgument(pushed.reference, context, input);
  if (reference.type !== 'remote') return pushed;
  const signed = await signReference({ reference, signer, form: signatureFormGiven(input) }, manager);
  return { ...pushed, signedBy: signed.keyId, pushed: pushed.pushed || signed.added };
}

function textOf(result: PushResult, dryRun: boolean): string {
  const what = dryRun ? 'would push' : result.pushed ? 'pushed' : 'already there';
  const signed = result.signedBy === undefined ? '' : `\nsigned by key ${result.signedBy}`;
  return `${what}: ${result.reference} (${formatBytes(result.size)})${signed}`;
}
