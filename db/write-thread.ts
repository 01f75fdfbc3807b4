import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ProvError } from '#base';
import { errorOf } from './errors.js';
import type { Outcome, Reply, Request, WorkerStart } from './protocol.js';
import type { StatementResult } from './types.js';

type Unnumbered = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/** The door to the writing thread: one promise a request. */
export interface WriteThread {
  request(request: Unnumbered): Promise<readonly StatementResult[]>;
}

interface Waiting {
  readonly resolve: (results: readonly StatementResult[]) => void;
  readonly reject: (error: ProvError) => void;
}

/** Starts the thread; resolves when it holds the lock and the schema is up to date. */
export async function startWriteThread(start: WorkerStart): Promise<WriteThread> {
  const worker = new Worker(workerUrl(), { workerData: start, name: 'prov-db', execArgv: [] });
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let dead: ProvError | undefined;
  const settle = (outcome: Outcome) => {
    const { resolve, reject } = waiting.get(outcome.id)!;
    waiting.delete(outcome.id);
    if (waiting.size === 0) worker.unref();
    if (outcome.ok) resolve(outcome.results);
    else reject(errorOf(outcome.failure));
  };
  const die = (error: ProvError) => {
    dead ??= error;
    for (const { reject } of waiting.values()) reject(dead);
    waiting.clear();
  };
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (reply: Reply) => {
      if (reply.type === 'ready') resolve();
      else if (reply.type === 'refused') reject(errorOf(reply.failure));
      else reply.outcomes.forEach(settle);
    });
    worker.on('error', (error) => {
      die(new ProvError('DB_BROKEN', { path: start.path, reason: error.message }, { cause: error }));
      reject(dead);
    });
    worker.on('exit', () => {
      die(new ProvError('DB_CLOSED', { path: start.path }));
      reject(dead);
    });
  });
  worker.unref();
  return {
    request: (request) =>
      new Promise((resolve, reject) => {
        if (dead) {
          reject(dead);
          return;
        }
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ ...request, id });
      }),
  };
}

/** The thread's file lies beside this one when compiled; in the bundle it is called `db-worker.js`. */
function workerUrl(): URL {
  const places = ['./db-worker.js', '../db-worker.js', './worker.js'].map(
    (name) => new URL(name, import.meta.url),
  );
  return places.find((url) => existsSync(fileURLToPath(url))) ?? places[2]!;
}
