import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { startFaultRegistry } from '../../test/fault-registry/index.js';
import { createCertificate } from '../../test/support/certificates.js';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import type { ManagerContext } from '../context.js';
import { withRegistries } from './registries.js';

interface Place {
  readonly context: ManagerContext;
  readonly home: string;
}

/** A working directory and a home with these files below them. */
function place(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  more: Partial<ManagerContext> = {},
): Place {
  const root = temporaryDirectory(t);
  const [cwd, home] = [join(root, 'work'), join(root, 'home')];
  for (const directory of [cwd, home]) mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const env = { PROVISIONING_HOME: home, HOME: home, ...more.env };
  return { context: { provVersion: '0.1.0', cwd, transport: {}, ...more, env }, home };
}

const ping = (context: ManagerContext, host: string) =>
  withRegistries(context, (registries) => registries.open(host).ping());

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function tlsRegistry(t: TestContext) {
  const files = createCertificate(t);
  if (files === undefined) return t.skip('openssl is not here');
  const shown: boolean[] = [];
  const server = createTlsServer(
    {
      cert: readFileSync(files.certFile),
      key: readFileSync(files.keyFile),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      shown.push(Object.keys((request.socket as TLSSocket).getPeerCertificate()).length > 0);
      response.end('{}');
    },
  );
  const port = await listen(t, server as unknown as Server);
  return { files, host: `registry.example:${port}`, shown };
}

test('certificates, addresses and client certificates of the user file reach the transport', async (t) => {
  const tls = await tlsRegistry(t);
  if (tls === undefined) return;
  const { host, files, shown } = tls;
  const resolved = `[security.resolve]\n"${host}" = "127.0.0.1"\n`;
  const without = place(t, { 'home/config.toml': resolved });
  await assert.rejects(ping(without.context, host), { code: 'OCI_REMOTE_TLS_FAILED' });
  const pem = readFileSync(files.certFile, 'utf8');
  const key = readFileSync(files.keyFile, 'utf8');
  const trusting = place(t, {
    'home/config.toml': `${resolved}[security.ca_files]\n"${host}" = "corp/ca.pem"\n[security.client_certs."${host}"]\ncert = "corp/ca.pem"\nkey = "corp/key.pem"\n`,
    'home/corp/ca.pem': pem,
    'home/corp/key.pem': key,
  });
  await ping(trusting.context, host);
  const careless = place(t, { 'home/config.toml': `[security]\ntls_verify = false\n${resolved}` });
  await ping(careless.context, host);
  const variable = place(
    t,
    { 'home/config.toml': resolved },
    { env: { PROVISIONING_SECURITY__TLS_VERIFY: 'false' } },
  );
  await ping(variable.context, host);
  assert.deepEqual(shown, [true, false, false]);
});

test('a workspace cannot switch off what guards its user', async (t) => {
  const server = await startFaultRegistry();
  t.after(() => server.close());
  const provisioning = 'schema: 1\nworkspace: { name: site }\n';
  for (const line of [
    'security: { tls_verify: false }',
    'security: { ca_files: { a.example: x.pem } }',
    'security: { client_certs: { a.example: { cert: a, key: b } } }',
    'security: { resolve: { "a.example:443": 127.0.0.1 } }',
    'security: { proxy: { https: proxy.example:3128 } }',
    'security: { plain_http: [a.example] }',
    'security: { credential_helpers: { a.example: x } }',
  ]) {
    const { context } = place(t, { 'work/config/provisioning.yaml': `${provisioning}${line}\n` });
    await assert.rejects(ping(context, server.host), { code: 'WORKSPACE_SECURITY_WEAKENED' }, line);
  }
  assert.equal(server.seen.length, 0);
});

test('limits come from the registry, then from everywhere, flags first', async (t) => {
  const server = await startFaultRegistry();
  t.after(() => server.close());
  const broken = () => {
    server.clearFaults();
    server.seen.length = 0;
    server.fault({ times: 100, does: { answer: { status: 500 } } });
  };
  const tries = async ({ context }: Place) => {
    broken();
    await assert.rejects(ping(context, server.host), { code: 'OCI_REMOTE_UNAVAILABLE' });
    return server.seen.length;
  };
  assert.equal(await tries(place(t, { 'home/config.toml': '[network]\nretries = 0\n' })), 1);
  const own = `[network]\nretries = 0\n[[registries]]\nid = "lab"\nurl = "http://${server.host}"\n[registries.network]\nretries = 1\n`;
  assert.equal(await tries(place(t, { 'home/config.toml': own })), 2);
  const env = { PROVISIONING_REGISTRIES__LAB__NETWORK__RETRIES: '2' };
  assert.equal(await tries(place(t, { 'home/config.toml': own }, { env })), 3);
  const workspace = `schema: 1\nworkspace: { name: site }\nnetwork: { retries: 1 }\n`;
  assert.equal(await tries(place(t, { 'work/config/provisioning.yaml': workspace })), 2);

  server.clearFaults();
  server.fault({ times: 9, does: { hang: true } });
  const hurried = place(t, { 'home/config.toml': '[network]\nretries = 0\ntimeout_seconds = 0.2\n' });
  await assert.rejects(ping(hurried.context, server.host), { code: 'OCI_REMOTE_TIMEOUT', message: /0\.2 s/ });
  const flagged = place(t, {}, { transport: { timeoutMs: 150 } });
  server.clearFaults();
  server.fault({ times: 9, does: { hang: true } });
  await assert.rejects(ping(flagged.context, server.host), {
    code: 'OCI_REMOTE_TIMEOUT',
    message: /0\.2 s/,
  });

  server.clearFaults();
  server.fault({ times: 9, does: { answer: { status: 429, headers: { 'retry-after': '20' } } } });
  const impatient = place(t, { 'home/config.toml': '[network]\nmax_wait_seconds = 5\n' });
  await assert.rejects(ping(impatient.context, server.host), {
    code: 'OCI_REMOTE_RATE_LIMITED',
    message: /20 s/,
  });
});

test('a configured proxy is used where the environment names none; plain http is for the hosts that are listed', async (t) => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(String(request.url));
    response.end('{}');
  });
  const port = await listen(t, proxy);
  const config = `[security]\nplain_http = ["Plain.example"]\n[security.proxy]\nhttp = "127.0.0.1:${port}"\nhttps = "127.0.0.1:1"\nno_proxy = ["direct.example"]\n`;
  const { context } = place(t, { 'home/config.toml': config });
  await ping(context, 'plain.example');
  assert.deepEqual(asked, ['http://plain.example/v2/']);
  await assert.rejects(ping(context, 'other.example'), { code: 'OCI_REMOTE_PROXY_FAILED' });
  const other = place(t, { 'home/config.toml': config }, { env: { HTTP_PROXY: 'http://127.0.0.1:1' } });
  await assert.rejects(ping(other.context, 'plain.example'), { code: 'OCI_REMOTE_UNREACHABLE' });
  const secret = place(t, {
    'home/config.toml': '[security.proxy]\nhttps = "http://me:hunter22@proxy.example"\n',
  });
  await assert.rejects(ping(secret.context, 'plain.example'), (error: Error) => {
    assert.match(error.message, /HTTPS_PROXY/);
    assert.doesNotMatch(error.message, /hunter22/);
    return true;
  });
});

test('headers and client certificate of the command line stay with the registries of the command', async (t) => {
  const server = await startFaultRegistry();
  t.after(() => server.close());
  const { context } = place(t, {}, { transport: { headers: { 'x-team': 'blue-1234' } } });
  await withRegistries(context, (registries) => registries.open(server.host).ping());
  await withRegistries(context, (registries) => registries.open(server.host, { role: 'foreign' }).ping());
  await withRegistries(context, (registries) => registries.open(server.host, { role: 'mirror' }).ping());
  assert.deepEqual(
    server.seen.map(({ headers }) => headers['x-team']),
    ['blue-1234', undefined, undefined],
  );
});
