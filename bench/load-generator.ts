// A process of its own that asks a server for one thing over and over on keep-alive connections, with as
// little work as Node allows: prepared request bytes, one buffer a connection, no HTTP library.
// Prints one JSON document: {answers, bytes, seconds}.
import { connect } from 'node:net';

export interface LoadRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly accept: string;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

export interface LoadResult {
  readonly answers: number;
  readonly bytes: number;
  readonly seconds: number;
}

const BUFFER_BYTES = 512 * 1024;

async function generate(load: LoadRequest): Promise<LoadResult> {
  const counts = { answers: 0, bytes: 0 };
  let failure: Error | undefined;
  const request = Buffer.from(
    `GET ${load.path} HTTP/1.1\r\nHost: ${load.host}:${load.port}\r\nAccept: ${load.accept}\r\n\r\n`,
  );
  const sockets = Array.from({ length: load.connections }, () => {
    /** Body bytes still to come; undefined while headers are read. */
    let left: number | undefined;
    let head = '';
    const take = (buffer: Buffer) => {
      for (let at = 0; at < buffer.length; ) {
        if (left === undefined) {
          const end = buffer.indexOf('\r\n\r\n', Math.max(0, at));
          if (end < 0) {
            head += buffer.toString('latin1', at);
            return;
          }
          head += buffer.toString('latin1', at, end);
          at = end + 4;
          if (!head.startsWith('HTTP/1.1 200')) throw new Error(`answer: ${head.slice(0, 200)}`);
          left = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
          if (Number.isNaN(left)) throw new Error(`no content-length: ${head}`);
          head = '';
        }
        const part = Math.min(left, buffer.length - at);
        at += part;
        left -= part;
        counts.bytes += part;
        if (left > 0) return;
        left = undefined;
        counts.answers += 1;
        socket.write(request);
      }
    };
    const socket = connect({
      host: load.host,
      port: load.port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(BUFFER_BYTES),
        callback(length, buffer) {
          try {
            take(Buffer.from(buffer.buffer, buffer.byteOffset, length));
          } catch (error) {
            failure ??= error as Error;
            socket.destroy();
          }
          return true;
        },
      },
    });
    socket.on('error', (error) => {
      failure ??= error;
    });
    socket.write(request);
    return socket;
  });
  await pause(load.warmUpMs);
  const before = { ...counts };
  const started = performance.now();
  await pause(load.durationMs);
  const seconds = (performance.now() - started) / 1000;
  const answers = counts.answers - before.answers;
  const bytes = counts.bytes - before.bytes;
  for (const socket of sockets) socket.destroy();
  if (failure) throw failure;
  return { answers, bytes, seconds };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

process.stdout.write(JSON.stringify(await generate(JSON.parse(process.argv[2]!) as LoadRequest)));
