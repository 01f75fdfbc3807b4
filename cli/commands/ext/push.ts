import { ProvError } from '#base';
import type { PushResult, PushStoredOptions } from '#manager';
import type { FileReference } from '#schemas';
import type { Signer } from '#trust';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { packageArgument } from './package-argument.js';
import { planLines } from './plan-lines.js';
import { formatBytes, managerContext, referenceArgument, referenceDefaults, vendorOption } from './shared.js';
import { requireSigner, signatureFormGiven } from './signer.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { args, options } = input;
  const source = await packageArgument(args[0]!, context, input);
  if (source.type === 'remote')
    throw new ProvError('CLI_USAGE', {
      reason: `${args[0]} is on a registry already`,
      hint: 'prov ext copy moves it to another one.',
    });
  const signer =
    options['sign'] === true || options['key'] !== undefined
      ? await requireSigner(context, input)
      : undefined;
  const dryRun = options['dryRun'] === true;
  const to = {
    ...(await referenceDefaults(context, input)),
    dryRun,
    expect: { name: args[1], version: args[2] },
  };
  if (source.type === 'oci-layout' || source.type === 'bundle')
    return output(await pushStored({ ...to, from: source }, signer, { context, input }), dryRun);
  const { pushExtension, withExtensionTree } = await import('#manager');
  const manager = managerContext(context, input);
  const vendorAssets = vendorOption(options['vendorAssets']);
  const result = await withExtensionTree(source, manager, (dir) =>
    pushExtension({ ...to, dir, vendorAssets, signer, signatureForm: signatureFormGiven(input) }, manager),
  );
  return output(result, dryRun);
}

interface Caller {
  readonly context: CommandContext;
  readonly input: CommandInput;
}

/** What is packed goes as it is, with what is attached to it; signing comes after. */
async function pushStored(
  options: PushStoredOptions & { readonly from: FileReference },
  signer: Signer | undefined,
  { context, input }: Caller,
): Promise<PushResult> {
  if (input.options['vendorAssets'] !== undefined)
    throw new ProvError('CLI_USAGE', {
      reason: '--vendor-assets has no effect on what is packed already',
      hint: 'Pack it again with prov ext pack --vendor-assets.',
    });
  const manager = managerContext(context, input);
  const { pushStored: push, signReference } = await import('#manager');
  const pushed = await push(options, manager);
  if (signer === undefined || options.dryRun) return pushed;
  const reference = await referenceArgument(pushed.reference, context, input);
  if (reference.type !== 'remote') return pushed;
  const signed = await signReference({ reference, signer, form: signatureFormGiven(input) }, manager);
  return { ...pushed, signedBy: signed.keyId, pushed: pushed.pushed || signed.added };
}

function output(result: PushResult, dryRun: boolean): CommandOutput {
  const what = dryRun ? 'would push' : result.pushed ? 'pushed' : 'already there';
  const signed = result.signedBy === undefined ? '' : `\nsigned by key ${result.signedBy}`;
  const first = `${what}: ${result.reference} (${formatBytes(result.size)})${signed}`;
  return { data: result, text: [first, ...planLines(result)].join('\n') };
}
