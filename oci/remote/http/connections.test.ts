import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { EXIT } from '#base';
import { createCertificate } from '../../../test/support/certificates.js';
import { clientOf, fixture } from '../test-support.js';
import { isInternalAddress } from './private-address.js';
import { proxyFor } from './proxy.js';
import { hostOf, parseTarget, withQuery } from './target.js';

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    (server as { closeAllConnections?: () => void }).closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function tlsRegistry(t: TestContext) {
  const files = createCertificate(t);
  if (files === undefined) {
    t.skip('openssl is not here');
    return undefined;
  }
  const pair = { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
  const clients: boolean[] = [];
  const server = createTlsServer(
    { ...pair, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      clients.push(Object.keys((request.socket as TLSSocket).getPeerCertificate()).length > 0);
      response.end('{"tags":["1.0.0"]}');
    },
  );
  const port = await listen(t, server);
  const resolve = new Map([[`registry.example:${port}`, '127.0.0.1']]);
  return { files, port, resolve, host: `registry.example:${port}`, clients };
}

test('a certificate is trusted by the file that is given, and only then', async (t) => {
  const tls = await tlsRegistry(t);
  if (tls === undefined) return;
  const { host, resolve, files } = tls;
  const untrusted = clientOf(t, host, { resolve });
  await assert.rejects(untrusted.ping(), { code: 'OCI_REMOTE_TLS_FAILED', exitCode: EXIT.network });
  await clientOf(t, host, { resolve, caFiles: [files.certFile] }).ping();
  await clientOf(t, host, { resolve, insecure: true }).ping();
  await clientOf(t, host, { resolve, env: { SSL_CERT_FILE: files.certFile } }).ping();
  const missing = clientOf(t, host, { resolve, caFiles: ['/nonexistent.pem'] });
  await assert.rejects(missing.ping(), { code: 'BASE_FILE_UNREADABLE' });
});

test('a certificate for another name is refused', async (t) => {
  const tls = await tlsRegistry(t);
  if (tls === undefined) return;
  const registry = clientOf(t, `127.0.0.1:${tls.port}`, { plainHttp: false, caFiles: [tls.files.certFile] });
  await assert.rejects(registry.ping(), { code: 'OCI_REMOTE_TLS_FAILED' });
});

test('a client certificate is shown to the registry', async (t) => {
  const tls = await tlsRegistry(t);
  if (tls === undefined) return;
  const { host, resolve, files, clients } = tls;
  await clientOf(t, host, { resolve, caFiles: [files.certFile], clientCert: files }).ping();
  await clientOf(t, host, { resolve, caFiles: [files.certFile] }).ping();
  assert.deepEqual(clients, [true, false]);
});

test('http on a port that speaks TLS, and the other way, is a clear error', async (t) => {
  const { server } = await fixture(t);
  const registry = clientOf(t, server.host, { plainHttp: false });
  await assert.rejects(registry.ping(), { code: 'OCI_REMOTE_TLS_FAILED', message: /registry|127\.0\.0\.1/ });
});

test('plain http goes through the proxy in absolute form, https through a tunnel', async (t) => {
  const tls = await tlsRegistry(t);
  if (tls === undefined) return;
  const { server } = await fixture(t);
  const asked: string[] = [];
  const note = (request: IncomingMessage) => {
    asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization']}`);
  };
  const proxy = createServer((request, response) => {
    note(request);
    response.end('{"tags":[]}');
  });
  proxy.on('connect', (request, socket) => {
    note(request);
    const upstream = connect(tls.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  const port = await listen(t, proxy);
  const env = { http_proxy: `http://user:pa%3Ass@127.0.0.1:${port}`, HTTPS_PROXY: `127.0.0.1:${port}` };
  await clientOf(t, 'plain.example', { env, plainHttp: true }).repository('ns/app').list();
  const basic = `Basic ${Buffer.from('user:pa:ss').toString('base64')}`;
  assert.deepEqual(asked.splice(0), [`GET http://plain.example/v2/ns/app/tags/list?n=1000 ${basic}`]);
  await clientOf(t, tls.host, { env, caFiles: [tls.files.certFile] })
    .repository('ns/app')
    .list();
  assert.deepEqual(asked.splice(0), [`CONNECT ${tls.host} undefined`]);
  await clientOf(t, server.host, { env }).ping();
  assert.deepEqual(asked, []);
});

test('a proxy that refuses is named', async (t) => {
  const proxy = createServer();
  proxy.on('connect', (_request, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
  const port = await listen(t, proxy);
  const registry = clientOf(t, 'registry.example', { env: { https_proxy: `http://127.0.0.1:${port}` } });
  await assert.rejects(registry.ping(), {
    code: 'OCI_REMOTE_PROXY_FAILED',
    exitCode: EXIT.network,
    message: /407/,
  });
});

test('NO_PROXY knows names, suffixes, ports, addresses and networks', () => {
  const through = (address: string, no_proxy: string) =>
    proxyFor(parseTarget(address)!, { https_proxy: 'http://proxy.example:3128', no_proxy }) !== undefined;
  assert.equal(through('https://reg.example/', ''), true);
  assert.equal(through('https://reg.example/', '*'), false);
  assert.equal(through('https://reg.example/', 'reg.example'), false);
  assert.equal(through('https://a.reg.example/', 'other.example, .reg.example'), false);
  assert.equal(through('https://a.reg.example/', '*.reg.example'), false);
  assert.equal(through('https://xreg.example/', 'reg.example'), true);
  assert.equal(through('https://reg.example:8443/', 'reg.example:443'), true);
  assert.equal(through('https://reg.example:8443/', 'reg.example:8443'), false);
  assert.equal(through('https://10.1.2.3/', '10.0.0.0/8'), false);
  assert.equal(through('https://11.1.2.3/', '10.0.0.0/8'), true);
  assert.equal(through('https://[fd00::1]/', 'fd00::/8'), false);
  assert.equal(through('https://127.0.0.1/', ''), false);
  assert.equal(through('https://localhost:5000/', ''), false);
});

test('targets keep path and query byte for byte', () => {
  const base = parseTarget('https://Reg.Example/v2/a/b?x=1')!;
  assert.deepEqual(base, { protocol: 'https:', hostname: 'reg.example', port: 443, path: '/v2/a/b?x=1' });
  assert.equal(hostOf(base), 'reg.example');
  assert.equal(parseTarget('/up?sig=%2F+/=&b=&a', base)?.path, '/up?sig=%2F+/=&b=&a');
  assert.equal(parseTarget('c?y', base)?.path, '/v2/a/c?y');
  assert.equal(parseTarget('?y', base)?.path, '/v2/a/b?y');
  assert.equal(parseTarget('../c', base)?.path, '/v2/c');
  assert.equal(hostOf(parseTarget('//other:81/x', base)!), 'other:81');
  assert.equal(hostOf(parseTarget('http://[::1]:5000/')!), '[::1]:5000');
  for (const bad of [
    'ftp://x/',
    'http://user:pass@x/',
    'http://x:99999/',
    'http:///x',
    'a b',
    'http://x/\n',
    'javascript:1',
  ]) {
    assert.equal(parseTarget(bad, base), undefined, bad);
  }
  assert.equal(
    withQuery(parseTarget('http://x/y?a=1&')!, 'digest', 'sha256:0').path,
    '/y?a=1&digest=sha256%3A0',
  );
});

test('internal addresses are known in every notation', () => {
  for (const address of [
    '127.0.0.1',
    '10.9.8.7',
    '192.168.0.1',
    '172.31.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    'localhost',
    'x.localhost',
    '2130706433',
    '0x7f.1',
    'LOCALHOST.',
    '127.0.0.1.',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ]) {
    assert.equal(isInternalAddress(address), true, address);
  }
  for (const address of ['8.8.8.8', '172.32.0.1', '2001:db8::1', 'registry.example', '::ffff:8.8.8.8']) {
    assert.equal(isInternalAddress(address), false, address);
  }
});
