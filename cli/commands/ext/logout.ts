import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { registryAndPath } from './registry-argument.js';
import { managerContext } from './shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const [text] = input.args;
  const all = input.options['all'] === true;
  if (text === undefined && !all)
    throw new ProvError('CLI_USAGE', {
      reason: 'name a registry, or give --all for everything that is stored',
    });
  const { logout } = await import('#manager');
  const target = text === undefined ? {} : registryAndPath(text);
  const result = await logout({ ...target, all }, managerContext(context, input));
  const lines = result.removed.map(
    ({ key, path, helper }) =>
      `forgot ${key} (${helper === undefined ? path : `credential helper ${helper}`})`,
  );
  if (lines.length === 0)
    lines.push(text === undefined ? 'nothing was stored' : `nothing was stored for ${text}`);
  if (result.left.length > 0)
    lines.push(`still stored, for paths: ${result.left.join(', ')} (--all forgets them too)`);
  return { data: result, text: lines.join('\n') };
}
