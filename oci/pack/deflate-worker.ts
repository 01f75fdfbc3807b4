// A thread that deflates pieces: it is started with the compiled compressor and answers each piece in turn.
import { parentPort, workerData } from 'node:worker_threads';
import { createPieceDeflater } from './deflate-module.js';
import type { DeflatedPiece, Piece } from './deflate-threads.js';

const deflater = createPieceDeflater(workerData as WebAssembly.Module);
parentPort!.on('message', ({ id, bytes, last }: Piece) => {
  const deflated = deflater.write(bytes, { last });
  const reply: DeflatedPiece = { id, bytes: deflated };
  parentPort!.postMessage(
    reply,
    deflated.byteLength === deflated.buffer.byteLength ? [deflated.buffer as ArrayBuffer] : [],
  );
});
