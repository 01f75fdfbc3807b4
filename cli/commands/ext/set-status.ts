import { ProvError } from '#base';
import type { LifecycleState } from '#schemas';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { planLines } from './plan-lines.js';
import { policyOption } from './policy.js';
import { managerContext, referenceArgument } from './shared.js';
import { requireSigner } from './signer.js';

/** `deprecate`, `yank` and `revoke`, and their undoing. */
export async function runStatus(
  state: Exclude<LifecycleState, 'active'>,
  context: CommandContext,
  input: CommandInput,
): Promise<CommandOutput> {
  const { options } = input;
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type !== 'remote')
    throw new ProvError('CLI_USAGE', { reason: 'only what is on a registry has a state' });
  const undo = options['undo'] === true;
  const reason = textOption(options, 'reason') ?? (undo ? `no longer ${state}` : undefined);
  if (reason === undefined || reason.trim() === '')
    throw new ProvError('CLI_USAGE', { reason: 'say why, with --reason TEXT: people will read it' });
  const signer = options['key'] === undefined ? undefined : await requireSigner(context, input);
  const { setStatus } = await import('#manager');
  const result = await setStatus(
    {
      reference,
      state: undo ? 'active' : state,
      ...(undo ? { undoes: state } : {}),
      reason,
      replacement: textOption(options, 'replacement'),
      signer,
      policy: await policyOption(context, { ...input, options: { ...options, key: undefined } }),
      dryRun: options['dryRun'] === true,
    },
    managerContext(context, input),
  );
  for (const warning of result.warnings) context.note(`warning ${warning}`);
  if (signer === undefined && result.changed)
    context.note(
      `not signed: ${state === 'deprecated' ? 'people are warned' : 'it hides the version'} all the same, and only a key can take it back (--key FILE signs it)`,
    );
  const how = result.signedBy === undefined ? '' : ` (signed by key ${result.signedBy})`;
  const verb = options['dryRun'] === true ? 'would be' : result.changed ? 'is now' : 'was already';
  const first = `${result.reference} ${verb} ${result.state}${how}`;
  return { data: result, text: [first, ...planLines(result)].join('\n') };
}
