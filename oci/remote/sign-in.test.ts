import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT, redact } from '#base';
import type { Credential, CredentialSource } from './credentials/credential-source.js';
import { defaultCredentials } from './credentials/default-credentials.js';
import { clientOf, fixture, randomBlob, sourceOf } from './test-support.js';

const PASSWORD = 'correct horse';
const users = [`anna:${PASSWORD}`];

function held(credential: Credential): CredentialSource {
  return { find: async () => ({ credential, source: 'the test' }) };
}
const anna = held({ username: 'anna', password: PASSWORD });

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prov-auth-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('a registry that asks for nothing never sees credentials', async (t) => {
  const { repository, server } = await fixture(t, {}, { credentials: anna });
  const { bytes, descriptor } = randomBlob(100);
  await repository.push(descriptor, sourceOf(bytes));
  assert.ok(server.seen.every(({ headers }) => headers.authorization === undefined));
});

test('Basic is sent after the challenge and from then on', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'basic', users } }, { credentials: anna });
  const { bytes, descriptor } = randomBlob(100);
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(
    server.seen.map(({ method, status }) => `${method} ${status}`),
    ['HEAD 401', 'HEAD 404', 'POST 202', 'PUT 201'],
  );
});

test('one bearer token with pull and push serves a whole push', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users } }, { credentials: anna });
  const { bytes, descriptor } = randomBlob(100);
  await repository.push(descriptor, sourceOf(bytes));
  assert.equal(server.count('GET', /^\/token/), 1);
  const url = server.seen.find((one) => one.url.startsWith('/token'))?.url ?? '';
  const query = new URL(url, 'http://x').searchParams;
  assert.deepEqual(query.getAll('scope'), ['repository:ns/app:pull,push']);
  assert.equal(query.get('service'), 'registry');
  assert.equal(server.count('HEAD'), 2);
});

for (const [name, challenges] of Object.entries({
  'Basic before Bearer in one header': [
    'Basic realm="x", Bearer realm="{realm}",service="registry",scope="{scope}"',
  ],
  'Basic and Bearer in two headers': ['Basic realm="x"', 'Bearer realm="{realm}",service="registry"'],
  'Bearer before Basic': ['Bearer realm="{realm}",service="registry"', 'Basic realm="x"'],
  'unknown schemes and quoted commas around': [
    'Negotiate, Digest realm="a, b=\\"c\\"", nonce="n", bearer REALM = "{realm}" , service=registry',
  ],
})) {
  test(`the bearer challenge is found: ${name}`, async (t) => {
    const { repository, server } = await fixture(
      t,
      { auth: { type: 'bearer', users, challenges } },
      { credentials: anna },
    );
    const { bytes, descriptor } = randomBlob(100);
    await repository.push(descriptor, sourceOf(bytes));
    assert.equal(server.count('GET', /^\/token/), 1);
  });
}

test('many requests at once share one token request', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users } }, { credentials: anna });
  await Promise.all(Array.from({ length: 8 }, () => repository.list()));
  assert.equal(server.count('GET', /^\/token/), 1);
});

test('a token that is about to expire is replaced before use', async (t) => {
  const { repository, server } = await fixture(
    t,
    { auth: { type: 'bearer', users, tokenSeconds: 0.2 } },
    { credentials: anna },
  );
  await repository.list();
  await new Promise((resolve) => setTimeout(resolve, 150));
  await repository.list();
  assert.equal(server.count('GET', /^\/token/), 2);
  assert.equal(server.seen.filter(({ status }) => status === 401).length, 1);
});

test('a token revoked in the middle of an upload is replaced and the body sent again', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users } }, { credentials: anna });
  const { bytes, descriptor } = randomBlob(200_000);
  server.fault({ method: 'POST', does: { change: () => server.gatekeeper?.tokens.clear() } });
  await repository.push(descriptor, sourceOf(bytes));
  assert.deepEqual(
    server.seen.filter(({ method }) => method === 'PUT').map(({ status }) => status),
    [401, 201],
  );
});

test('an identity token is exchanged by POST and never sent to the registry', async (t) => {
  const credentials = held({ username: 'anna', identityToken: 'refresh-me-please' });
  const { repository, server } = await fixture(
    t,
    { auth: { type: 'bearer', identityTokens: ['refresh-me-please'] } },
    { credentials },
  );
  await repository.list();
  assert.equal(server.count('POST', /^\/token/), 1);
  assert.ok(
    !JSON.stringify(server.seen.map(({ headers, url }) => [headers, url])).includes('refresh-me-please'),
  );
});

test('a realm without POST is asked by GET', async (t) => {
  const credentials = held({ username: 'anna', password: PASSWORD, identityToken: 'refresh-me-please' });
  const { repository, server } = await fixture(
    t,
    { auth: { type: 'bearer', users, noPost: true } },
    { credentials },
  );
  await repository.list();
  assert.equal(server.count('GET', /^\/token/), 1);
});

test('anonymous tokens are used where no credentials are', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users } });
  await repository.list();
  assert.equal(server.seen.find(({ url }) => url.startsWith('/token'))?.headers.authorization, undefined);
  const { bytes, descriptor } = randomBlob(100);
  await assert.rejects(repository.push(descriptor, sourceOf(bytes)), {
    code: 'OCI_AUTH_REQUIRED',
    exitCode: EXIT.permission,
  });
});

test('wrong credentials are one clear error and not repeated', async (t) => {
  for (const type of ['basic', 'bearer'] as const) {
    const credentials = held({ username: 'anna', password: 'wrong-password' });
    const { repository, server } = await fixture(t, { auth: { type, users } }, { credentials });
    await assert.rejects(repository.list(), { code: 'OCI_AUTH_REJECTED', exitCode: EXIT.permission });
    assert.ok(server.seen.length <= 3);
  }
});

test('a scope that is never granted ends after two rounds', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'bearer', users } }, { credentials: anna });
  server.fault({
    path: /token/,
    times: 10,
    does: { answer: { status: 200, body: Buffer.from('{"token":"useless-token"}') } },
  });
  await assert.rejects(repository.list(), (error: { code?: string }) => /^OCI_AUTH_/.test(error.code ?? ''));
  assert.ok(server.seen.length <= 6);
});

test('403 is a matter of rights and says what the registry says', async (t) => {
  const { repository, server } = await fixture(t);
  const body = Buffer.from(JSON.stringify({ errors: [{ code: 'DENIED', message: 'not for you' }] }));
  server.fault({ does: { answer: { status: 403, body } } });
  await assert.rejects(repository.resolve('latest'), { code: 'OCI_AUTH_FORBIDDEN' });
  server.fault({ does: { answer: { status: 403, body } } });
  await assert.rejects(repository.list(), /DENIED: not for you/);
});

test('a kind of sign-in that is not known is named', async (t) => {
  const { repository } = await fixture(
    t,
    { auth: { type: 'bearer', challenges: ['Negotiate'] } },
    { credentials: anna },
  );
  await assert.rejects(repository.list(), { code: 'OCI_AUTH_SCHEME_UNKNOWN', message: /negotiate/ });
});

test('credentials stay with the first realm', async (t) => {
  const { server } = await fixture(t);
  const realms = (await fixture(t, { auth: { type: 'bearer', users } })).server;
  const port = realms.host.split(':')[1];
  const resolve = new Map(['tokens', 'evil'].map((name) => [`${name}.example:${port}`, '127.0.0.1']));
  const registry = clientOf(t, server.host, { credentials: anna, resolve });
  const challenge = (realm: string) =>
    server.fault({
      does: {
        answer: {
          status: 401,
          headers: { 'www-authenticate': `Bearer realm="http://${realm}:${port}/token"` },
        },
      },
    });
  challenge('tokens.example');
  await registry.repository('ns/app').list();
  challenge('evil.example');
  await assert.rejects(registry.repository('ns/other').list(), {
    code: 'OCI_AUTH_REALM_CHANGED',
    exitCode: EXIT.permission,
  });
  assert.ok(realms.seen.length > 0);
  assert.ok(realms.seen.every(({ headers }) => headers.host?.startsWith('tokens.example')));
});

test('a public registry may not name an internal realm', async (t) => {
  const { server } = await fixture(t);
  const port = server.host.split(':')[1];
  for (const realm of [
    'http://169.254.169.254/token',
    `http://127.0.0.1:${port}/token`,
    'ftp://tokens.example/',
    'http://[::ffff:7f00:1]/t',
  ]) {
    const resolve = new Map([[`registry.example:${port}`, '127.0.0.1']]);
    const registry = clientOf(t, `registry.example:${port}`, { credentials: anna, plainHttp: true, resolve });
    server.fault({
      does: { answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } } },
    });
    await assert.rejects(registry.repository('ns/app').list(), { code: 'OCI_AUTH_REALM_REFUSED' });
  }
  assert.equal(server.count('GET', /^\/token/), 0);
});

test('secrets are masked wherever text is shown', async (t) => {
  const { repository, server } = await fixture(t, { auth: { type: 'basic', users } }, { credentials: anna });
  server.fault({
    after: 1,
    does: {
      change: (planned) => Object.assign(planned, { status: 400, body: Buffer.from(`you sent ${PASSWORD}`) }),
    },
  });
  await assert.rejects(
    repository.list(),
    (error: Error) => !error.message.includes(PASSWORD) && /you sent \*\*\*/.test(error.message),
  );
  assert.ok(!redact(`Basic ${Buffer.from(users[0]!).toString('base64')}`).includes('YW5u'));
});

test('files are searched in the documented order and the most specific key wins', async (t) => {
  const home = temporaryDirectory(t);
  const auth = (pair: string) => ({ auth: Buffer.from(pair).toString('base64') });
  mkdirSync(join(home, '.docker'));
  mkdirSync(join(home, '.config', 'containers'), { recursive: true });
  writeFileSync(
    join(home, '.docker', 'config.json'),
    JSON.stringify({
      auths: { 'https://reg.example/v1/': auth('docker:d-secret'), 'reg.example/ns': auth('path:p-secret') },
    }),
  );
  const env = { HOME: home };
  const source = defaultCredentials(env);
  const at = async (repository: string) =>
    (await source.find({ registry: 'reg.example', repository }))?.credential.username;
  assert.equal(await at('ns/app'), 'path');
  assert.equal(await at('nsx/app'), 'docker');
  assert.equal(await source.find({ registry: 'other.example' }), undefined);
  writeFileSync(
    join(home, '.config', 'containers', 'auth.json'),
    JSON.stringify({ auths: { 'reg.example': auth('podman:q-secret') } }),
  );
  assert.equal(await at('ns/app'), 'podman');
  const only = join(home, 'only.json');
  writeFileSync(only, JSON.stringify({ auths: { 'reg.example': { identitytoken: 'identity-secret' } } }));
  const found = await defaultCredentials({ ...env, REGISTRY_AUTH_FILE: only }).find({
    registry: 'reg.example',
  });
  assert.equal(found?.credential.identityToken, 'identity-secret');
  assert.equal(found?.source, `${only}: auths["reg.example"]`);
});

test('environment variables come first, and only for a host that they or the user name', async () => {
  const env = {
    PROVISIONING_REGISTRY_USERNAME: 'env',
    PROVISIONING_REGISTRY_PASSWORD: 'e-secret',
    HOME: '/nonexistent',
  };
  const asked = { registry: 'a.example' };
  assert.equal(await defaultCredentials(env).find(asked), undefined, 'asking is not enough');
  const named = defaultCredentials(env, { environmentHosts: ['A.example'] });
  assert.equal((await named.find(asked))?.credential.username, 'env');
  const other = defaultCredentials(env, { environmentHosts: ['b.example'] });
  const { considered } = await other.explain!(asked);
  assert.match(considered[0]!.reason, /set PROVISIONING_REGISTRY__URL=a\.example, or give --registry/);
  const scoped = defaultCredentials(
    { ...env, PROVISIONING_REGISTRY__URL: 'https://B.example/' },
    { environmentHosts: ['a.example'] },
  );
  assert.equal(await scoped.find({ registry: 'a.example' }), undefined);
  assert.equal((await scoped.find({ registry: 'b.example' }))?.credential.password, 'e-secret');
  const token = await defaultCredentials(
    { PROVISIONING_REGISTRY_TOKEN: 't-secret', HOME: '/nonexistent' },
    { environmentHosts: ['a.example'] },
  ).find(asked);
  assert.deepEqual(token?.credential, { registryToken: 't-secret' });
});

test('a file that is broken is an error without its content', async (t) => {
  const file = join(temporaryDirectory(t), 'config.json');
  for (const text of ['{"auths": {"x": {"auth": "c2VjcmV0', '[]', '{"auths": 1}']) {
    writeFileSync(file, text);
    const source = defaultCredentials({ REGISTRY_AUTH_FILE: file });
    await assert.rejects(source.find({ registry: 'x' }), (error: { code?: string; message?: string }) => {
      return error.code === 'OCI_AUTH_FILE_INVALID' && !error.message?.includes('c2VjcmV0');
    });
  }
});

test('a credential helper is asked by stdin; its failure is named', async (t) => {
  const directory = temporaryDirectory(t);
  const helper = (name: string, script: string) => {
    const path = join(directory, `docker-credential-${name}`);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  };
  helper('good', 'read server; echo "{\\"Username\\":\\"$1-$server\\",\\"Secret\\":\\"h-secret\\"}"');
  helper('token', 'echo \'{"Username":"<token>","Secret":"i-secret"}\'');
  helper('empty', 'echo "credentials not found in native keychain"; exit 1');
  helper('bad', 'echo nonsense');
  const file = join(directory, 'config.json');
  const credHelpers = {
    'reg.example': 'good',
    'tok.example': 'token',
    'none.example': 'empty',
    'bad.example': 'bad',
    'evil.example': '../x',
  };
  writeFileSync(file, JSON.stringify({ credHelpers, credsStore: 'empty' }));
  const source = defaultCredentials({ PATH: `${directory}:/bin:/usr/bin`, REGISTRY_AUTH_FILE: file });
  const at = async (registry: string) => (await source.find({ registry }))?.credential;
  assert.deepEqual(await at('reg.example'), { username: 'get-reg.example', password: 'h-secret' });
  assert.deepEqual(await at('tok.example'), { identityToken: 'i-secret' });
  assert.equal(await at('none.example'), undefined);
  await assert.rejects(at('bad.example'), { code: 'OCI_AUTH_HELPER_FAILED' });
  await assert.rejects(at('evil.example'), { code: 'OCI_AUTH_HELPER_FAILED' });
});
