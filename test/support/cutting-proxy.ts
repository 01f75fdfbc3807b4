import { connect, createServer, type Socket } from 'node:net';
import type { Cleanup } from './temporary-directory.js';

export type Direction = 'to' | 'from';

export interface CuttingProxy {
  /** `127.0.0.1:PORT`, to be used as the address of the registry behind it. */
  readonly host: string;
  /** Bytes that went through so far, in each direction. */
  readonly passed: Readonly<Record<Direction, number>>;
  /**
   * Once this many bytes more went in a direction (to the registry unless said otherwise), in the middle of
   * whatever is sent then, every connection is cut, no other one is taken, and `action` is called.
   */
  cutAfter(bytes: number, action: () => void, direction?: Direction): void;
  /** Takes connections again. */
  open(): Promise<void>;
}

/** Passes bytes on to a port of this machine, and can die at an exact point like the machine behind it. */
export async function startCuttingProxy(t: Cleanup, port: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  const passed = { to: 0, from: 0 };
  let [limit, counted, whenCut]: [number, Direction, () => void] = [Number.POSITIVE_INFINITY, 'to', () => {}];
  /** False when this was the chunk to die in. */
  const count = (direction: Direction, chunk: Buffer): boolean => {
    passed[direction] += chunk.length;
    if (direction !== counted || passed[direction] < limit) return true;
    limit = Number.POSITIVE_INFINITY;
    close();
    whenCut();
    return false;
  };
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (chunk: Buffer) => {
      if (count('to', chunk) && !far.write(chunk)) near.pause();
    });
    far.on('drain', () => near.resume());
    far.on('data', (chunk: Buffer) => {
      if (count('from', chunk) && !near.write(chunk)) far.pause();
    });
    near.on('drain', () => far.resume());
  });
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const own = (server.address() as { port: number }).port;
  t.after(close);
  return {
    host: `127.0.0.1:${own}`,
    passed,
    cutAfter(bytes, action, direction = 'to') {
      [limit, counted, whenCut] = [passed[direction] + bytes, direction, action];
    },
    open: () => listen(own),
  };
}
