import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** What lasts between runs: the ports of both registries and the password of the signing key. */
export function openState(dir, { create = false } = {}) {
  const path = join(dir, 'state.json');
  if (!create) return JSON.parse(readFileSync(path, 'utf8'));
  return createState(dir, path);
}

async function createState(dir, path) {
  mkdirSync(join(dir, 'keys'), { recursive: true, mode: 0o700 });
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const keepOrChoose = async (port) => (port !== undefined && (await isFree(port)) ? port : freePort());
  const nearPort = await keepOrChoose(before.nearPort);
  let farPort = await keepOrChoose(before.farPort);
  while (farPort === nearPort) farPort = await freePort();
  const state = { nearPort, farPort };
  writeFileSync(`${path}.tmp`, JSON.stringify(state));
  renameSync(`${path}.tmp`, path);
  const password = join(dir, 'keys', 'password');
  if (!existsSync(password)) {
    writeFileSync(`${password}.tmp`, randomBytes(24).toString('base64url'), { mode: 0o600 });
    renameSync(`${password}.tmp`, password);
  }
  return state;
}
