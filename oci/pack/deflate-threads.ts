import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/** A piece on its way to a thread. */
export interface Piece {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

export interface DeflatedPiece {
  readonly id: number;
  readonly bytes: Uint8Array;
}

interface Waiting {
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** Threads that deflate pieces at the same time; `close()` ends them. */
export interface DeflateThreads {
  /** How many pieces may be on their way so that no thread waits. */
  readonly depth: number;
  /** Takes `bytes` over: they must not be used afterwards. */
  deflate(bytes: Uint8Array<ArrayBuffer>, last: boolean): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A piece takes some milliseconds; a machine that is suspended or very busy must not be taken for a hang. */
const SILENCE_MS = 120_000;

export function startDeflateThreads(module: WebAssembly.Module, count: number): DeflateThreads {
  const waiting = new Map<number, Waiting>();
  let failure: Error | undefined;
  const fail = (error: Error) => {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  };
  // A thread that neither answers nor ends would be waited for without end.
  let silence: NodeJS.Timeout | undefined;
  const watch = () => {
    clearTimeout(silence);
    if (waiting.size > 0)
      silence = setTimeout(
        () => fail(new Error(`the compressing threads gave no answer in ${SILENCE_MS / 1000} s`)),
        SILENCE_MS,
      );
  };
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(workerUrl(), { workerData: module, name: 'prov-deflate', execArgv: [] });
    worker.on('message', ({ id, bytes }: DeflatedPiece) => {
      waiting.get(id)?.resolve(bytes);
      waiting.delete(id);
      watch();
    });
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('a compressing thread ended')));
    return worker;
  });
  let next = 0;
  return {
    depth: 2 * count,
    deflate: (bytes, last) =>
      new Promise((resolve, reject) => {
        if (failure) {
          reject(failure);
          return;
        }
        const id = next++;
        waiting.set(id, { resolve, reject });
        if (waiting.size === 1) watch();
        const piece: Piece = { id, bytes, last };
        workers[id % count]!.postMessage(piece, [bytes.buffer]);
      }),
    async close() {
      clearTimeout(silence);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** The thread's file lies beside this one when compiled; in the bundle it is called `deflate-worker.js`. */
function workerUrl(): URL {
  const places = ['./deflate-worker.js', '../deflate-worker.js'].map(
    (name) => new URL(name, import.meta.url),
  );
  return places.find((url) => existsSync(fileURLToPath(url))) ?? places[0]!;
}
