/**
 * Entry of the thread that writes one database. It takes every request that is waiting, commits them
 * together, and answers after the fsync.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { failureOf } from './errors.js';
import type { Outcome, Reply, Request, WorkerStart, WriteRequest } from './protocol.js';
import { openWriteConnection, type WriteConnection } from './write-connection.js';

/** Requests committed with one fsync, at most: bounds the time a write waits for its neighbours. */
const MAX_BATCH = 512;

async function main(port: MessagePort, start: WorkerStart): Promise<void> {
  const reply = (message: Reply) => port.postMessage(message);
  let connection: WriteConnection;
  try {
    connection = await openWriteConnection(start);
  } catch (error) {
    reply({ type: 'refused', failure: failureOf(error, start.path) });
    return;
  }
  port.on('message', (first: Request) => {
    let batch: WriteRequest[] = [];
    const flush = () => {
      if (batch.length > 0) reply({ type: 'outcomes', outcomes: connection.commit(batch) });
      batch = [];
    };
    for (let request: Request | undefined = first; request !== undefined; request = next(port)) {
      if (request.type === 'write') {
        batch.push(request);
        if (batch.length >= MAX_BATCH) flush();
        continue;
      }
      flush();
      reply({ type: 'outcomes', outcomes: [perform(connection, request, start.path)] });
      if (request.type === 'close') {
        port.close();
        return;
      }
    }
    flush();
  });
  reply({ type: 'ready' });
}

function next(port: MessagePort): Request | undefined {
  return (receiveMessageOnPort(port) as { message: Request } | undefined)?.message;
}

function perform(
  connection: WriteConnection,
  request: Exclude<Request, WriteRequest>,
  path: string,
): Outcome {
  try {
    if (request.type === 'snapshot') connection.snapshot(request.path);
    else connection.close();
    return { id: request.id, ok: true, results: [] };
  } catch (error) {
    return { id: request.id, ok: false, failure: failureOf(error, path) };
  }
}

await main(parentPort!, workerData as WorkerStart);
