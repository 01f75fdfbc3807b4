import { resolve } from 'node:path';
import { ProvError } from '#base';
import type { OpenOptions, Workspace } from '#workspace';
import type { CommandContext, CommandInput } from '../../command.js';
import { textOption } from '../../options.js';

/** The workspace of `--workspace`, or the one around the current directory. @throws WORKSPACE_NOT_FOUND */
export async function openCommandWorkspace(
  context: CommandContext,
  { options }: CommandInput,
  more: Pick<OpenOptions, 'flags'> = {},
): Promise<Workspace> {
  return (await import('#workspace')).openWorkspace(await workspaceRoot(context, options), {
    env: context.env,
    signal: context.signal,
    ...more,
  });
}

export async function workspaceRoot(
  context: CommandContext,
  options: CommandInput['options'],
): Promise<string> {
  const given = textOption(options, 'workspace') ?? context.env['PROVISIONING_WORKSPACE'];
  if (given !== undefined) return resolve(context.cwd, given);
  const { findWorkspace } = await import('#workspace');
  const found = await findWorkspace(context.cwd);
  if (found === undefined) throw new ProvError('WORKSPACE_NOT_FOUND', { path: context.cwd });
  return found;
}

/** The infra of `--infra`, or the only one there is. @throws CLI_USAGE */
export function infraName(workspace: Workspace, { options }: CommandInput): string {
  const given = textOption(options, 'infra');
  if (given !== undefined) return given;
  const [only, ...others] = workspace.infras;
  if (only !== undefined && others.length === 0) return only;
  throw new ProvError('CLI_USAGE', {
    reason:
      only === undefined
        ? 'the workspace has no infra'
        : `the workspace has several infras: ${workspace.infras.join(', ')}`,
    hint: only === undefined ? 'Write infra/NAME/settings.yaml.' : 'Name one with --infra.',
  });
}
