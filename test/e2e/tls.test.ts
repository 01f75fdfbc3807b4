import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { startFaultRegistry } from '../fault-registry/index.js';
import { createCertificate } from '../support/certificates.js';
import { writeExtension } from '../support/extensions.js';
import { assertFailure } from '../support/failures.js';
import { cliPath } from '../support/project.js';
import { prov } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

const REGISTRY = 'registry.example';

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    (server as { closeAllConnections?: () => void }).closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A registry behind TLS that admits only who shows a certificate. Undefined where there is no openssl. */
async function site(t: TestContext) {
  const [own, client] = [createCertificate(t, REGISTRY), createCertificate(t, 'anna')];
  if (own === undefined || client === undefined) {
    t.skip('openssl is not here');
    return undefined;
  }
  const behind = await startFaultRegistry();
  t.after(() => behind.close());
  const port = Number(behind.host.split(':')[1]);
  const relay = (request: IncomingMessage, response: ServerResponse) => {
    if (Object.keys((request.socket as TLSSocket).getPeerCertificate()).length === 0) {
      response.writeHead(403);
      response.end();
      return;
    }
    const { method, url, headers } = request;
    const onward = forward({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
  const pair = { cert: readFileSync(own.certFile), key: readFileSync(own.keyFile) };
  const server = createServer({ ...pair, requestCert: true, rejectUnauthorized: false }, relay);
  const host = `${REGISTRY}:${await listen(t, server)}`;
  const sandbox = createSandbox(t);
  const dir = writeExtension(sandbox.work, { name: 'demo' });
  const push = ['ext', 'push', dir, '--registry', host, '--namespace', 'ns', '--out', 'json'];
  const here = ['--resolve', `${host}:127.0.0.1`];
  const ca = ['--ca-file', own.certFile];
  const shown = ['--tls-cert', client.certFile, '--tls-key', client.keyFile];
  return { host, sandbox, push, here, ca, shown, client, own };
}

test('--resolve, --ca-file, --tls-cert and --tls-key reach a registry that wants them all', async (t) => {
  const all = await site(t);
  if (all === undefined) return;
  const { sandbox, push, here, ca, shown, client } = all;
  const run = (...more: readonly string[]) => prov([...push, ...more], sandbox.options);
  const untrusted = await run(...here, ...shown);
  assertFailure(untrusted, { code: 'OCI_REMOTE_TLS_FAILED', exit: 9, hint: /--ca-file/ });
  assert.notEqual((await run(...here, ...ca)).code, 0, 'without a client certificate');
  const halves = await run(...here, ...ca, ...shown.slice(0, 2));
  assert.notEqual(halves.code, 0, 'a certificate without its key');
  const done = await run(...here, ...ca, ...shown, '--debug');
  assert.equal(done.code, 0, done.stdout + done.stderr);
  const key = readFileSync(client.keyFile, 'utf8').split('\n')[1]!;
  assert.ok(!`${done.stdout}${done.stderr}`.includes(key), 'the client key is shown');
  for (const entry of readdirSync(sandbox.root, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      assert.ok(!readFileSync(join(entry.parentPath ?? entry.path, entry.name), 'latin1').includes(key));
  await sandbox.assertNothingHalfDone();
});

test('a proxy that is itself spoken to by TLS passes the tunnel on', async (t) => {
  const all = await site(t);
  const files = createCertificate(t, 'localhost');
  if (all === undefined || files === undefined) return;
  const { sandbox, push, host, ca, shown } = all;
  const tunnels: string[] = [];
  const proxy = createServer({ cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) });
  proxy.on('connect', (request, socket) => {
    tunnels.push(`${request.url} ${request.headers['proxy-authorization']}`);
    const far = connect(Number(host.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      far.pipe(socket).pipe(far);
    });
    for (const each of [far, socket]) each.on('error', () => each.destroy());
  });
  const address = `https://me:pa55-of-proxy@localhost:${await listen(t, proxy)}`;
  const env = { ...sandbox.env, HTTPS_PROXY: address };
  const done = await prov([...push, ...ca, '--ca-file', files.certFile, ...shown], {
    ...sandbox.options,
    env,
  });
  assert.equal(done.code, 0, done.stdout + done.stderr);
  assert.equal(tunnels[0], `${host} Basic ${Buffer.from('me:pa55-of-proxy').toString('base64')}`);
  const untrusted = await prov([...push, ...ca, ...shown], { ...sandbox.options, env });
  assert.equal(untrusted.code, 9, untrusted.stdout);
  assert.ok(!`${untrusted.stdout}${untrusted.stderr}${done.stdout}${done.stderr}`.includes('pa55-of-proxy'));
});

test('a password asked for on a terminal is not echoed', async (t) => {
  if (spawnSync('script', ['--version']).status !== 0) return t.skip('script is not here');
  const registry = await startFaultRegistry({
    auth: { type: 'basic', users: ['anna:not-to-be-seen'], identityTokens: [], anonymousPull: false },
  });
  t.after(() => registry.close());
  const { options } = createSandbox(t);

  const line = `${process.execPath} ${cliPath} login ${registry.host} -u anna`;
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: options.cwd, env: options.env });
  t.after(() => child.kill('SIGKILL'));
  let seen = '';
  let answered = false;
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    if (answered || !/password|token/i.test(seen)) return;
    answered = true;
    setTimeout(() => child.stdin.write('not-to-be-seen\r'), 200);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  assert.equal(code, 0, seen);
  assert.match(seen, /signed in at/);
  assert.ok(!seen.includes('not-to-be-seen'), seen);
});
