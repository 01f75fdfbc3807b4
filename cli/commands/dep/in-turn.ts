import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { workspaceRoot } from './in-workspace.js';

/** Commands that change nothing but what is installed wait for nobody. */
const LOOKING = ['dryRun', 'plan', 'locked', 'frozen'];

type Run = (context: CommandContext, input: CommandInput) => Promise<CommandOutput>;

/** A command that reads and then changes requirements or lock: one at a time in a workspace, each on what the last one left. */
export function inTurn(run: Run): Run {
  return async (context, input) => {
    if (LOOKING.some((option) => input.options[option] === true)) return run(context, input);
    const root = await workspaceRoot(context, input.options);
    // Where there is no workspace nothing is made; opening it says so.
    if (!existsSync(join(root, 'config'))) return run(context, input);
    const { changeWorkspace } = await import('#workspace');
    return changeWorkspace(root, () => run(context, input), {
      signal: context.signal,
      onWait: () => context.note(`waiting for another prov that changes ${root}`),
    });
  };
}
