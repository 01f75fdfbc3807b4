import { resolve } from 'node:path';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const { inspectBundle } = await import('#mirror');
  const result = await inspectBundle(resolve(context.cwd, input.args[0]!), { signal: context.signal });
  return { data: result };
}
