import { connect, createServer, type Socket } from 'node:net';
import type { Cleanup } from './temporary-directory.js';

export interface CuttingProxy {
  /** `127.0.0.1:PORT`, to be used as the address of the registry behind it. */
  readonly host: string;
  /**
   * Once this many bytes more went to the registry, in the middle of whatever is sent then, every connection
   * is cut, no other one is taken, and `action` is called.
   */
  cutAfter(bytes: number, action: () => void): void;
  /** Takes connections again. */
  open(): Promise<void>;
}

/** Passes bytes on to a port of this machine, and can die at an exact point like the machine behind it. */
export async function startCuttingProxy(t: Cleanup, port: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let [left, whenCut] = [Number.POSITIVE_INFINITY, () => {}];
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
      left -= chunk.length;
      if (left <= 0) {
        left = Number.POSITIVE_INFINITY;
        close();
        whenCut();
      } else if (!far.write(chunk)) near.pause();
    });
    far.on('drain', () => near.resume());
    far.pipe(near);
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
    cutAfter(bytes, action) {
      [left, whenCut] = [bytes, action];
    },
    open: () => listen(own),
  };
}
