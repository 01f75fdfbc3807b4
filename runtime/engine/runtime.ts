import { join } from 'node:path';
import { ProvError } from '#base';
import type { EventLog } from '../event-log/event-log.js';
import { openEventLog, readEventLog } from '../event-log/sqlite-event-log.js';
import type { Interpreters } from '../executor/interpreter.js';
import type { DeploymentModule } from '../plan/deployment-input.js';
import { DEFAULT_RETRY, type RetryPolicy } from './retry-policy.js';
import type { RuntimeEvent } from './runtime-event.js';

/** Tasks at the same time. */
export const DEFAULT_CONCURRENCY = 5;
/** Longest run of one script, in milliseconds. */
export const DEFAULT_TASK_TIMEOUT_MS = 3_600_000;

export interface RuntimeOptions {
  /** Reads only: `serviceStatus` and `checkHealth` beside a running deployment. Default false. */
  readonly readOnly?: boolean | undefined;
  readonly interpreters?: Interpreters | undefined;
  /** Command lines that start Node and prov on a target. Default for Node: this one. */
  readonly commands?: { readonly node?: readonly string[]; readonly prov?: readonly string[] } | undefined;
  /** Called just before a script of `module` runs; what it throws, the task fails with. */
  readonly beforeScript?: ((module: DeploymentModule) => Promise<void>) | undefined;
  readonly onEvent?: ((event: RuntimeEvent) => void) | undefined;
  readonly concurrency?: number | undefined;
  readonly taskTimeoutMs?: number | undefined;
  /** Between SIGTERM and SIGKILL. Default 10 s. */
  readonly graceMs?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** Crash tests stop the process here. */
  readonly onPoint?: ((point: string, task: string) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A workspace's runtime, opened. */
export interface Runtime {
  readonly root: string;
  /** `WORKSPACE/.runtime`: events.db and logs/. */
  readonly dir: string;
  readonly eventLog: EventLog;
  readonly options: Omit<RuntimeOptions, 'retry' | 'concurrency' | 'taskTimeoutMs'> & {
    readonly retry: RetryPolicy;
    readonly concurrency: number;
    readonly taskTimeoutMs: number;
  };
  close(): Promise<void>;
}

/**
 * Opens the runtime of the workspace at `root` as its one runner (or, with `readOnly`, beside it).
 * @throws RUNTIME_LOCKED when another process runs tasks there
 */
export async function openRuntime(root: string, options: RuntimeOptions = {}): Promise<Runtime> {
  const dir = join(root, '.runtime');
  const eventLog = options.readOnly
    ? readOnlyEventLog(dir)
    : await openEventLog(dir, { signal: options.signal });
  return {
    root,
    dir,
    eventLog,
    options: {
      ...options,
      retry: options.retry ?? DEFAULT_RETRY,
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
      taskTimeoutMs: options.taskTimeoutMs ?? DEFAULT_TASK_TIMEOUT_MS,
    },
    close: () => eventLog.close(),
  };
}

function readOnlyEventLog(dir: string): EventLog {
  return {
    append: async () => {
      throw new ProvError('RUNTIME_LOCKED', { path: dir, owner: ' (this runtime was opened for reading)' });
    },
    read: async (stream, afterSeq, limit) => (await readEventLog(dir, stream, afterSeq)).slice(0, limit),
    lastSeq: async (stream) => (await readEventLog(dir, stream)).at(-1)?.seq ?? 0,
    subscribe: () => () => {},
    close: async () => {},
  };
}
