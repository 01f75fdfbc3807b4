import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Fault, startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { prov } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

const SECRETS = {
  password: 'p4ssw0rd-of-anna/+=',
  identity: 'identity-token-of-anna-5566',
  proxy: 'proxy-pass-7788',
  header: 'header-value-9900',
};
const forms = (secret: string) => [
  secret,
  Buffer.from(secret).toString('base64'),
  Buffer.from(`anna:${secret}`).toString('base64'),
  Buffer.from(`_token:${secret}`).toString('base64'),
  Buffer.from(`me:${secret}`).toString('base64'),
  encodeURIComponent(secret),
];
const everySecret = [...Object.values(SECRETS).flatMap(forms), /token-\d+-abcdef/];

function assertClean(text: string, where: string): void {
  for (const secret of everySecret) {
    const found = typeof secret === 'string' ? text.includes(secret) : secret.test(text);
    assert.ok(!found, `${where} shows a secret (${secret}):\n${text.slice(0, 2000)}`);
  }
}

/** Everything below a directory but the files that are meant to hold secrets. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !path.endsWith(join('.docker', 'config.json')));
}

async function site(t: TestContext) {
  const auth = {
    type: 'bearer' as const,
    users: [`anna:${SECRETS.password}`],
    identityTokens: [SECRETS.identity],
    anonymousPull: false,
  };
  const registry = await startFaultRegistry({ auth });
  const stranger = await startFaultRegistry();
  t.after(() => Promise.all([registry.close(), stranger.close()]));
  const sandbox = createSandbox(t);
  const dir = writeExtension(sandbox.work, { name: 'demo', files: { 'data.bin': Buffer.alloc(50_000, 7) } });
  const docker = join(sandbox.root, 'home', '.docker');
  mkdirSync(docker, { recursive: true });
  const signIn = (entry: object) =>
    writeFileSync(join(docker, 'config.json'), JSON.stringify({ auths: { [registry.host]: entry } }), {
      mode: 0o600,
    });
  signIn({ auth: Buffer.from(`anna:${SECRETS.password}`).toString('base64') });
  const run = async (args: readonly string[], more: NodeJS.ProcessEnv = {}, input = '') => {
    const result = await prov([...args, '--debug', '--header', `X-Team: ${SECRETS.header}`], {
      ...sandbox.options,
      env: { ...sandbox.env, ...more },
      input,
    });
    assertClean(`${result.stdout}\n${result.stderr}`, args.join(' '));
    for (const path of filesBelow(sandbox.root)) assertClean(readFileSync(path, 'latin1'), path);
    for (const { method, url, headers } of stranger.seen)
      assertClean(`${method} ${url}\n${JSON.stringify(headers)}`, 'a request to a stranger');
    return result;
  };
  const push = ['ext', 'push', dir, '--registry', registry.host, '--namespace', 'ns'];
  const pull = (name: string) => [
    'ext',
    'pull',
    `${registry.host}/ns/demo:1.0.0`,
    '--destination',
    join(sandbox.work, name),
  ];
  return { registry, stranger, sandbox, signIn, run, push, pull };
}

/** What goes wrong in each case, with the other host as the place where secrets must not go. */
const cases: readonly [string, (other: string, otherName: string) => Fault][] = [
  [
    'a blob on another port',
    (other) => ({
      method: 'GET',
      path: /\/blobs\/sha/,
      times: 9,
      does: { answer: { status: 307, headers: { location: `${other}/v2/ns/demo/blobs/x` } } },
    }),
  ],
  [
    'a manifest on another port',
    (other) => ({
      method: 'GET',
      path: /\/manifests\//,
      times: 9,
      does: { answer: { status: 302, headers: { location: `${other}/v2/ns/demo/manifests/1.0.0` } } },
    }),
  ],
  [
    'a realm on another host',
    (_, name) => ({
      times: 99,
      path: /^\/v2\//,
      does: {
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${name}/token",service="x"` } },
      },
    }),
  ],
  [
    'an endless demand',
    () => ({
      times: 99,
      path: /^\/v2\//,
      does: { answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } },
    }),
  ],
  [
    'a server that repeats what it got',
    () => ({
      times: 99,
      path: /^\/v2\//,
      does: {
        answer: (seen) => ({
          status: 400,
          headers: { warning: `299 - "${String(seen.headers.authorization)}"` },
          body: Buffer.from(`you sent ${JSON.stringify(seen.headers)}`),
        }),
      },
    }),
  ],
  [
    'trouble with tokens',
    () => ({
      times: 99,
      path: /^\/token/,
      does: {
        answer: (seen) => ({
          status: 500,
          body: Buffer.from(`bad ${seen.url} ${String(seen.headers.authorization)}`),
        }),
      },
    }),
  ],
  [
    'a refused sign-in',
    () => ({ times: 99, path: /^\/token/, does: { answer: { status: 401, body: Buffer.from('no') } } }),
  ],
  ['a cut connection', () => ({ times: 99, path: /manifests/, does: { cutAnswerAfter: 3 } })],
];

for (const [what, fault] of cases) {
  test(`no secret leaves its place: ${what}`, async (t) => {
    const { registry, stranger, run, pull, push, sandbox } = await site(t);
    await run(push);
    // The realm was learned from a registry that behaved; a stranger is one from here on.
    registry.fault(fault(stranger.origin, stranger.origin.replace('127.0.0.1', 'localhost')));
    await run([...pull('out'), '--max-wait', '1']);
    registry.clearFaults();
    const fine = await run(pull('again'));
    assert.equal(fine.code, 0, fine.stderr);
    assert.ok(registry.seen.some(({ headers }) => headers['x-team'] === SECRETS.header));
    await sandbox.assertNothingHalfDone();
  });
}

test('no secret leaves its place: an upload that goes on at another port', async (t) => {
  const { registry, stranger, run, push } = await site(t);
  registry.fault({
    method: 'POST',
    path: /\/blobs\/uploads\//,
    times: 9,
    does: {
      answer: {
        status: 202,
        headers: { location: `${stranger.origin}/v2/ns/demo/blobs/uploads/abc?state=1` },
      },
    },
  });
  await run([...push, '--max-wait', '1']);
  assert.ok(stranger.seen.length > 0, 'the upload was tried there');
});

test('no secret leaves its place: mirrors that want a sign-in, identity tokens, a wrong password', async (t) => {
  const { registry, stranger, sandbox, signIn, run, pull, push } = await site(t);
  await run(push);
  stranger.fault({
    times: 99,
    does: { answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="mirror"' } } },
  });
  const mirrored = await run([...pull('one'), '--mirror', stranger.host, '--mirror-tags', '--out', 'json']);
  assert.equal(mirrored.code, 0, mirrored.stderr);
  assert.ok(stranger.seen.length > 0);
  const env = { PROVISIONING_REGISTRY_USERNAME: 'anna', PROVISIONING_REGISTRY_PASSWORD: SECRETS.password };
  stranger.seen.length = 0;
  await run([...pull('two'), '--mirror', `${registry.host}/ns=${stranger.host}/cache`, '--mirror-tags'], {
    ...env,
    PROVISIONING_HOME: join(sandbox.root, 'home-without-outages'),
  });
  signIn({ identitytoken: SECRETS.identity });
  assert.equal((await run(pull('three'))).code, 0);
  signIn({ auth: Buffer.from(`anna:${SECRETS.proxy}`).toString('base64') });
  assert.equal((await run(pull('four'))).code, 4);
  await run(['login', registry.host, '-u', 'anna', '--password-stdin'], {}, `${SECRETS.header}\n`);
  await run(['auth', 'explain', `${registry.host}/ns/demo`]);
});

test('no secret leaves its place: a proxy with a password', async (t) => {
  const { run } = await site(t);
  const got: IncomingMessage[] = [];
  const proxy = createServer((request, response) => {
    got.push(request);
    response.writeHead(502);
    response.end(`cannot, ${String(request.headers['proxy-authorization'])}`);
  });
  proxy.on('connect', (request, socket) => {
    got.push(request);
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const address = `http://me:${SECRETS.proxy}@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const env = { HTTPS_PROXY: address, HTTP_PROXY: address };
  const secure = await run(['ext', 'tags', 'registry.example/ns/demo', '--timeout', '5'], env);
  assert.equal(secure.code, 9, secure.stderr);
  await run(['ext', 'tags', 'registry.example/ns/demo', '--plain-http', '--timeout', '5'], env);
  await run(['auth', 'explain', 'registry.example/ns/demo'], env);
  assert.ok(got.length >= 2);
  // The registry's header goes by the tunnel only; a proxy that relays plain http sees what the registry would.
  for (const request of got.filter(({ method }) => method === 'CONNECT'))
    assert.equal(request.headers['x-team'], undefined);
  const bad = await run(['ext', 'tags', 'registry.example/ns/demo'], {
    HTTPS_PROXY: `socks5://me:${SECRETS.proxy}@proxy.example:1080`,
  });
  assert.equal(bad.code, 3);
  assert.match(bad.stderr, /HTTPS_PROXY names a socks5 proxy/);
});
