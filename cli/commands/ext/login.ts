import { resolve } from 'node:path';
import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { askSecret, secretFromStdin } from '../../read-secret.js';
import { registryAndPath } from './registry-argument.js';
import { managerContext } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { registry, path } = registryAndPath(input.args[0]!);
  const { login } = await import('#manager');
  const { TOKEN_USERNAME } = await import('#oci');
  const username = textOption(input.options, 'username') ?? TOKEN_USERNAME;
  const credential = await readCredential(context, input, { registry, username });
  const result = await login({ registry, path, credential }, managerContext(context, input));
  for (const warning of result.warnings) context.note(`warning: ${warning}`);
  const checked =
    result.checked.length === 0
      ? 'not checked: the registry asked for no credentials'
      : `checked: ${result.checked.join(', ')} accepted them`;
  const where = result.helper === undefined ? result.file : `the credential helper ${result.helper}`;
  return { data: result, text: `signed in at ${result.key} as ${username}\n${checked}\nstored in ${where}` };
}

interface Who {
  readonly registry: string;
  readonly username: string;
}

async function readCredential(
  context: CommandContext,
  { options }: CommandInput,
  { registry, username }: Who,
) {
  const ways = ['passwordStdin', 'tokenFile', 'identityTokenStdin'].filter(
    (name) => options[name] !== undefined,
  );
  if (ways.length > 1)
    throw new ProvError('CLI_USAGE', {
      reason: '--password-stdin, --token-file and --identity-token-stdin exclude each other',
    });
  if (options['identityTokenStdin'] === true)
    return { username, identityToken: await secretFromStdin('identity token') };
  if (options['passwordStdin'] === true) return { username, password: await secretFromStdin('password') };
  const file = textOption(options, 'tokenFile');
  if (file !== undefined) {
    const { readToken } = await import('#oci');
    const absolute = resolve(context.cwd, file);
    const password = await readToken(absolute);
    if (password === undefined) throw new ProvError('BASE_FILE_MISSING', { path: absolute });
    return { username, password };
  }
  if (!context.interactive)
    throw new ProvError('CLI_USAGE', {
      reason: 'there is no terminal to ask for a password',
      hint: 'Give it with --password-stdin or --token-file; never as an argument, which others can read.',
    });
  const question = `Password or token of ${username} at ${registry}: `;
  return { username, password: await askSecret(question, 'password', context.signal) };
}
