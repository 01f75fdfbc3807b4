import { resolve } from 'node:path';
import { ProvError } from '#base';
import type { TrustPolicy } from '#trust';
import type { CommandContext, CommandInput } from '../../command.js';
import { textOption } from '../../options.js';
import { namingKeyFile, readKeyFile } from './shared.js';

/** Said when an extension is taken without looking at who signed it. */
export const UNVERIFIED = 'signatures are not checked: --key FILE names who must have signed';

/** The policy that `--key` or `--policy` asks for, or that of the workspace around or of the user; undefined when there is none. */
export async function policyOption(
  context: CommandContext,
  { options }: CommandInput,
): Promise<TrustPolicy | undefined> {
  const key = textOption(options, 'key');
  const file = textOption(options, 'policy');
  if (key !== undefined && file !== undefined)
    throw new ProvError('CLI_USAGE', { reason: '--key and --policy exclude each other' });
  const { loadPublicKey, parseTrustPolicy, policyForKeys } = await import('#trust');
  if (key !== undefined) return policyForKeys([await namingKeyFile(key, context, loadPublicKey)]);
  if (file !== undefined)
    return parseTrustPolicy(await readKeyFile(file, context), resolve(context.cwd, file));
  const { userPolicy, workspacePolicy } = await import('#manager');
  const { env } = context;
  const { findWorkspace, openWorkspace } = await import('#workspace');
  const root = await findWorkspace(context.cwd);
  if (root === undefined) return userPolicy(env);
  return (await workspacePolicy(await openWorkspace(root, { env }), { env })).policy;
}
