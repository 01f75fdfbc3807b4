import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { portOption } from '../../options.js';
import { type RegistryRecord, selectRegistries } from './record.js';

const STOP_TIMEOUT_SECONDS = 30;
const POLL_MS = 50;

export async function run(context: CommandContext, { options }: CommandInput): Promise<CommandOutput> {
  const data = options['data'] === undefined ? undefined : resolve(context.cwd, String(options['data']));
  const port = portOption(options['port'], 'port');
  const records = selectRegistries(context.env, { data, port });
  if (records.length > 1 && options['all'] !== true) {
    throw new ProvError('CLI_USAGE', {
      reason: `${records.length} registries run (ports ${records.map((each) => each.port).join(', ')})`,
      hint: 'Name one with --port or --data, or add --all.',
    });
  }
  for (const record of records) await stop(record, context.signal);
  const text =
    records.length === 0
      ? 'no registry was running'
      : records.map(({ url }) => `registry at ${url} stopped`).join('\n');
  return { data: { stopped: records.map(({ url, port: each, pid }) => ({ url, port: each, pid })) }, text };
}

async function stop(record: RegistryRecord, signal: AbortSignal): Promise<void> {
  terminate(record);
  const deadline = Date.now() + STOP_TIMEOUT_SECONDS * 1000;
  while (isRunning(record)) {
    signal.throwIfAborted();
    if (Date.now() > deadline)
      throw new ProvError('CLI_REGISTRY_STOP_TIMEOUT', { pid: record.pid, seconds: STOP_TIMEOUT_SECONDS });
    await sleep(POLL_MS);
  }
}

/** One that ended meanwhile is what was wanted. @throws CLI_REGISTRY_FOREIGN */
function terminate({ pid, url }: RegistryRecord): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    throw new ProvError('CLI_REGISTRY_FOREIGN', { pid, url, reason: code ?? message }, { cause: error });
  }
}
