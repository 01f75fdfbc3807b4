import { createServer } from 'node:net';
import { conflict, invalid } from '../lib/shared.bundle.mjs';
import { listServers, readServer, requireServer, writeServer } from './server-store.mjs';

const NAME = /^[a-z0-9][a-z0-9._/-]{0,199}$/;
const MAX_TRIES = 100;

/**
 * The port of that name: the same on every later call, different from every port of every server of the
 * root, free when it was chosen. The caller holds the root's lock.
 */
export async function allocatePort(place, { name, preferred }) {
  if (typeof name !== 'string' || !NAME.test(name)) throw invalid(`'${name}' is no name for a port`);
  const record = requireServer(place);
  const known = record.ports[name];
  if (known !== undefined) return { port: known, changed: false };
  const taken = new Set(
    listServers(place.root).flatMap((each) => Object.values(readServer(each)?.ports ?? {})),
  );
  const port = await choose(taken, preferred);
  writeServer(place, { ...record, ports: { ...record.ports, [name]: port } });
  return { port, changed: true };
}

async function choose(taken, preferred) {
  if (
    Number.isInteger(preferred) &&
    preferred > 0 &&
    preferred < 65536 &&
    !taken.has(preferred) &&
    (await bind(preferred)) !== undefined
  )
    return preferred;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = await bind(0);
    if (port !== undefined && !taken.has(port)) return port;
  }
  throw conflict('no free port was found on 127.0.0.1');
}

/** Refuses to start a service on a port that another process holds: it could only fail, less clearly. */
export async function assertPortsFree({ name, ports = {} }) {
  for (const [label, port] of Object.entries(ports)) {
    if ((await bind(port)) === undefined)
      throw conflict(
        `port ${port} (${label}) of the service '${name}' is taken by another process: stop that one, then try again`,
      );
  }
}

/** The number that could be bound, or undefined when it is in use. */
function bind(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const { port: bound } = server.address();
      server.close(() => resolve(bound));
    });
  });
}
