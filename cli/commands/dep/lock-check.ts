import { counted, EXIT } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { managerContext } from '../ext/shared.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input);
  const { checkLock } = await import('#manager');
  const result = await checkLock({ workspace }, managerContext(context, input));
  const { problems, extensions, compared, installed } = result;
  const counts = `${counted(extensions, 'extension')}, ${compared} compared with their manifests, ${installed} installed`;
  const onlyStale = problems.every(({ problem }) => problem === 'stale');
  return {
    data: result,
    text: [
      ...problems.map(({ problem, where, message }) => `${problem}: ${where}: ${message}`),
      problems.length === 0 ? `the lock is as prov wrote it: ${counts}` : counts,
    ].join('\n'),
    ...(problems.length === 0 ? {} : { exit: onlyStale ? EXIT.lockStale : EXIT.refused }),
  };
}
