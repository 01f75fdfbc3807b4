import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Fault, Faults, type Misbehaviour, type Planned, type Seen } from './fault.js';
import { type AuthBehaviour, Gatekeeper } from './gatekeeper.js';
import { type Behaviour, handle } from './handlers.js';
import { Model } from './model.js';

export { type Fault, type Misbehaviour, type Planned, type Seen, seeded } from './fault.js';
export { hash, Model } from './model.js';

export interface FaultRegistryOptions extends Behaviour {
  readonly auth?: AuthBehaviour;
  /** Content shared with another one. */
  readonly model?: Model;
}

export interface FaultRegistry {
  readonly host: string;
  readonly origin: string;
  readonly model: Model;
  readonly behaviour: Behaviour;
  readonly gatekeeper: Gatekeeper | undefined;
  /** Everything that arrived, in order. */
  readonly seen: Seen[];
  /** Connections taken so far. */
  readonly connections: number;
  fault(fault: Fault): void;
  clearFaults(): void;
  count(method: string, path?: RegExp): number;
  /** Every connection is cut and none is taken any more. */
  close(): Promise<void>;
}

/** A registry on a free loopback port that does everything right, except for the faults it is given. */
export async function startFaultRegistry(options: FaultRegistryOptions = {}): Promise<FaultRegistry> {
  const { auth, model = new Model(), ...behaviour } = options;
  const gatekeeper = auth && new Gatekeeper(auth);
  const faults = new Faults();
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let origin = '';
  let connections = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const one: Seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      received: 0,
      status: 0,
    };
    seen.push(one);
    const { socket } = request;
    const fault = faults.take(one);
    const limit = fault && 'cutRequestAfter' in fault ? fault.cutRequestAfter : Number.POSITIVE_INFINITY;
    const body = await receive(request, one, limit);
    if (fault && 'cutRequestAfter' in fault && one.received >= limit) {
      fault.happened?.();
      keepPartial(one, body.subarray(0, limit));
      socket.destroy();
      return;
    }
    if (fault && 'hang' in fault) return;
    if (fault && 'raw' in fault) return writeRaw(socket, fault.raw());
    const planned = decide(one, body, fault);
    if (fault && 'change' in fault) fault.change(planned, one);
    await send(request, response, { planned, fault, seen: one });
  }

  function decide(one: Seen, body: Buffer, fault: Misbehaviour | undefined): Planned {
    if (fault && 'answer' in fault) {
      const given = typeof fault.answer === 'function' ? fault.answer(one) : fault.answer;
      return { status: 500, headers: {}, body: Buffer.alloc(0), ...given };
    }
    if (gatekeeper && one.url.startsWith('/token')) return gatekeeper.token(one, body);
    return gatekeeper?.refuse(one, origin) ?? handle(model, behaviour, { seen: one, body });
  }

  function keepPartial(one: Seen, body: Buffer): void {
    const id = /\/blobs\/uploads\/([0-9a-f-]{36})/.exec(one.url)?.[1];
    const upload = id === undefined ? undefined : model.uploads.get(id);
    if (upload && one.method === 'PATCH') upload.bytes = Buffer.concat([upload.bytes, body]);
  }

  const server = createServer((request, response) => {
    const { socket } = request;
    serve(request, response).catch(() => socket.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    connections += 1;
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  origin = `http://${host}`;

  return {
    host,
    origin,
    model,
    behaviour,
    gatekeeper,
    seen,
    get connections() {
      return connections;
    },
    fault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    count: (method, path = /^/) => seen.filter((one) => one.method === method && path.test(one.url)).length,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function writeRaw(socket: Socket, texts: Iterable<string>): Promise<void> {
  for (const text of texts) {
    if (socket.destroyed) return;
    if (socket.write(text)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off('drain', go).off('close', go);
        resolve();
      };
      socket.on('drain', go).on('close', go);
    });
  }
}

async function drip(response: ServerResponse, body: Buffer, everyMs: number): Promise<void> {
  for (const byte of body) {
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
  }
  response.end();
}

async function receive(request: IncomingMessage, one: Seen, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    one.received += chunk.length;
    if (one.received >= limit) break;
  }
  return Buffer.concat(chunks);
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { planned, fault, seen }: { planned: Planned; fault: Misbehaviour | undefined; seen: Seen },
): Promise<void> {
  seen.status = planned.status;
  const { status, headers, body } = planned;
  const bodiless = status === 204 || status === 304;
  const length =
    bodiless || 'content-length' in headers || 'transfer-encoding' in headers
      ? {}
      : { 'content-length': String(body.length) };
  response.writeHead(status, { ...length, ...headers });
  if (request.method === 'HEAD' || bodiless) {
    response.end();
    return;
  }
  if (fault && 'dripEveryMs' in fault) return drip(response, body, fault.dripEveryMs);
  const part =
    fault && 'cutAnswerAfter' in fault
      ? fault.cutAnswerAfter
      : fault && 'stallAfter' in fault
        ? fault.stallAfter
        : undefined;
  if (part === undefined) {
    response.end(body);
    return;
  }
  await new Promise<void>((resolve) => {
    response.write(body.subarray(0, part), () => resolve());
  });
  if (fault && 'cutAnswerAfter' in fault) {
    fault.happened?.();
    setTimeout(() => request.socket.destroy(), 5);
  }
}
