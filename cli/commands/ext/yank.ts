import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { runStatus } from './set-status.js';

export const run = (context: CommandContext, input: CommandInput): Promise<CommandOutput> =>
  runStatus('yanked', context, input);
