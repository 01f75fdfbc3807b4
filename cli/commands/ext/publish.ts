import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { run as push } from './push.js';
import { run as validate } from './validate.js';
import { run as verify } from './verify.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { options } = input;
  const sign = options['sign'] !== false;
  if (sign && options['key'] === undefined)
    throw new ProvError('CLI_USAGE', {
      reason: 'publishing needs --key FILE, or --no-sign',
      hint: 'Make a key with prov key generate.',
    });
  const checked = await validate(context, input);
  if (checked.exit !== undefined) return checked;
  const pushed = await push(context, { ...input, args: [input.args[0]], options: { ...options, sign } });
  if (options['dryRun'] === true || !sign) return pushed;
  const { reference } = pushed.data as { reference: string };
  const { requireSigner } = await import('./signer.js');
  const signer = await requireSigner(context, input);
  const landed = await verify(context, {
    ...input,
    args: [reference],
    options: { ...options, key: undefined, publicKey: signer.publicKey },
  });
  return {
    data: { ...(pushed.data as object), verified: landed.data },
    text: `${pushed.text}\n${landed.text}`,
  };
}
