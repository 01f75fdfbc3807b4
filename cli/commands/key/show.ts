import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { signPassword } from '../../sign-password.js';
import { readKeyFile } from '../ext/shared.js';
import { readPrivateKey } from '../ext/signer.js';

export async function run(context: CommandContext, { args }: CommandInput): Promise<CommandOutput> {
  const place = args[0]!;
  const { loadPrivateKey, loadPublicKey } = await import('#trust');
  const isFile = place !== '-' && !place.startsWith('env:');
  const isPublic = isFile && (await readKeyFile(place, context)).includes('BEGIN PUBLIC KEY');
  const { id, algorithm, pem } = isPublic
    ? loadPublicKey(await readKeyFile(place, context))
    : (await loadPrivateKey(await readPrivateKey(place, context), signPassword(context.env))).publicKey;
  const half = isPublic ? 'public' : 'private';
  return {
    data: { half, algorithm, keyId: id, publicKey: pem },
    text: `${half} key, ${algorithm}\nkey id      ${id}\n${pem.trimEnd()}`,
  };
}
