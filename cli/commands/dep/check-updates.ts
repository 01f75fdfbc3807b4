import { EXIT } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';
import { resolutionFlags } from './resolution-flags.js';

/** The short form for scripts: only what `prov dep update` would move, a line each. */
export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input, { flags: resolutionFlags(input) });
  const { outdated } = await import('#manager');
  const all = await outdated({ workspace }, managerContext(context, input));
  const updates = all
    .filter(({ current, upgradable }) => current !== upgradable)
    .map(({ kind, name, current, upgradable }) => ({ kind, name, current, to: upgradable }));
  const lines = updates.map(({ kind, name, current, to }) => `${kind} ${name} ${current} → ${to}`);
  return {
    data: updates,
    text: lines.length === 0 ? 'nothing to update' : lines.join('\n'),
    exit: input.options['exitCode'] === true && updates.length > 0 ? EXIT.differences : EXIT.ok,
  };
}
