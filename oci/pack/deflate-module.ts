import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Deflate level 5: level 6 costs a third more time for one percent (ADR 0009). Part of the format. */
const LEVEL = 5;
/** Bytes given to the compressor at a time. It gives the same bytes whatever this is. */
const INPUT_BYTES = 64 * 1024;
const OUTPUT_BYTES = 64 * 1024;
/** @see zlib.h, "Allowed flush values" */
const FLUSH = { none: 0, sync: 2, finish: 4 } as const;
const STREAM_END = 1;
/** Nothing was left to do: no failure. */
const BUFFER_ERROR = -5;

/** What zip.js's build of zlib exports; numbers are addresses, sizes and codes of zlib. */
interface ZlibExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(bytes: number): number;
  deflate_new(): number;
  deflate_init_raw(stream: number, level: number): number;
  /** The code in the highest byte, the number of bytes written in the others. */
  deflate_process(
    stream: number,
    input: number,
    inputBytes: number,
    output: number,
    outputBytes: number,
    flush: number,
  ): number;
  deflate_last_consumed(stream: number): number;
  deflate_end(stream: number): number;
}

/** Compresses pieces of input, each independent of those before it, one after the other. */
export interface PieceDeflater {
  /**
   * Deflates bytes of the current piece; `end` ends it, and `last` the whole deflate stream with it. The
   * result is a copy.
   */
  write(bytes: Uint8Array, end?: { readonly last: boolean }): Uint8Array;
}

let compiled: WebAssembly.Module | undefined;

/** The compiled compressor; it can be handed to other threads. */
export function loadDeflateModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(modulePath()));
  return compiled;
}

/** Compressors between two streams: each holds memory that is only given back by a garbage collection. */
const idle: PieceDeflater[] = [];

/** Runs `action` with a compressor that nobody else uses meanwhile; one whose stream was left open is not used again. */
export async function* withPieceDeflater<T>(
  module: WebAssembly.Module,
  action: (deflater: PieceDeflater) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const deflater = idle.pop() ?? createPieceDeflater(module);
  yield* action(deflater);
  idle.push(deflater);
}

/**
 * A deflate whose bytes are the same on every machine: zlib compiled to WebAssembly, which has neither the
 * processor-dependent code of native builds nor another version by distribution.
 */
export function createPieceDeflater(module: WebAssembly.Module): PieceDeflater {
  const zlib = new WebAssembly.Instance(module).exports as unknown as ZlibExports;
  zlib._initialize();
  const input = allocated(zlib.malloc(INPUT_BYTES));
  const output = allocated(zlib.malloc(OUTPUT_BYTES));
  let stream = 0;

  /** One call of zlib with the input that stands from `taken` on. */
  function process(taken: number, inputBytes: number, flush: number): { produced: number; ended: boolean } {
    const result = zlib.deflate_process(stream, input + taken, inputBytes, output, OUTPUT_BYTES, flush);
    const code = result >> 24;
    if (code < 0 && code !== BUFFER_ERROR) throw new Error(`deflate failed with code ${code}`);
    return { produced: code < 0 ? 0 : result & 0xffffff, ended: code === STREAM_END };
  }

  function take(bytes: Uint8Array, out: Uint8Array[]): void {
    new Uint8Array(zlib.memory.buffer, input, INPUT_BYTES).set(bytes);
    for (let taken = 0; taken < bytes.byteLength; ) {
      const { produced } = process(taken, bytes.byteLength - taken, FLUSH.none);
      if (produced > 0) out.push(copyOut(produced));
      taken += zlib.deflate_last_consumed(stream);
    }
  }

  function flush(mode: number, out: Uint8Array[]): void {
    for (;;) {
      const { produced, ended } = process(0, 0, mode);
      if (produced > 0) out.push(copyOut(produced));
      if (ended || produced < OUTPUT_BYTES) return;
    }
  }

  function copyOut(bytes: number): Uint8Array {
    return new Uint8Array(zlib.memory.buffer, output, bytes).slice();
  }

  return {
    write(bytes, end) {
      if (stream === 0) {
        stream = allocated(zlib.deflate_new());
        const code = zlib.deflate_init_raw(stream, LEVEL);
        if (code !== 0) throw new Error(`deflate cannot start: code ${code}`);
      }
      const out: Uint8Array[] = [];
      for (let at = 0; at < bytes.byteLength; at += INPUT_BYTES)
        take(bytes.subarray(at, at + INPUT_BYTES), out);
      if (end) {
        flush(end.last ? FLUSH.finish : FLUSH.sync, out);
        zlib.deflate_end(stream);
        stream = 0;
      }
      return out.length === 1 ? out[0]! : Buffer.concat(out);
    },
  };
}

function allocated(address: number): number {
  if (address === 0) throw new Error('the compressor has no memory');
  return address;
}

/** In the bundle the module is called `deflate.wasm`; elsewhere it lies in its package. */
function modulePath(): string {
  const bundled = ['./deflate.wasm', '../deflate.wasm'].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  );
  return (
    bundled.find((path) => existsSync(path)) ??
    createRequire(import.meta.url).resolve('@zip.js/zip.js/dist/zip-module.wasm')
  );
}
