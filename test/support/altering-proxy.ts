import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Seen {
  readonly method: string;
  readonly path: string;
}

export interface Altered {
  readonly status?: number;
  readonly body?: string;
}

/** A registry's front that counts what is asked and may answer something else. */
export interface AlteringProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly seen: Seen[];
  /** Looks at each answer; what it returns is sent instead. */
  alter: (seen: Seen, answer: { status: number; body: string }) => Altered | undefined;
  /** Delay of each answer, in milliseconds. */
  delayMs: () => number;
}

/** Stands before the registry at `target` (`127.0.0.1:PORT`) until the test ends. */
export async function alteringProxy(t: TestContext, target: string): Promise<AlteringProxy> {
  const proxy: AlteringProxy & { host: string } = {
    host: '',
    seen: [],
    alter: () => undefined,
    delayMs: () => 0,
  };
  const server = createServer((incoming, outgoing) => void forward(proxy, target, incoming, outgoing));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  proxy.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

/** Everything that only our registry has is answered as another registry would. */
export function asForeign({ path }: Seen): Altered | undefined {
  return path.startsWith('/api/') ? { status: 404, body: '404 page not found' } : undefined;
}

async function forward(
  proxy: AlteringProxy,
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const seen = { method: incoming.method ?? '', path: incoming.url ?? '' };
  proxy.seen.push(seen);
  const [host, port] = target.split(':');
  const headers = { ...incoming.headers, host: target };
  const upstream = request({ host, port, method: seen.method, path: seen.path, headers }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = Buffer.concat(chunks);
      const status = answer.statusCode ?? 0;
      const altered = proxy.alter(seen, { status, body: body.toString() });
      const own = { ...answer.headers };
      if (altered !== undefined) {
        delete own['content-length'];
        delete own.etag;
        if (altered.body !== undefined && altered.status !== undefined) delete own['content-type'];
      }
      setTimeout(() => {
        outgoing.writeHead(altered?.status ?? status, own);
        outgoing.end(altered?.body ?? body);
      }, proxy.delayMs());
    });
  });
  upstream.on('error', () => outgoing.destroy());
  incoming.pipe(upstream);
}
