import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { MEDIA } from '#schemas';
import { type FaultRegistryOptions, startFaultRegistry } from '../fault-registry/index.js';
import { assertFailure } from '../support/failures.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

const PASSWORD = 'correct-horse-battery';
const auth: FaultRegistryOptions['auth'] = {
  type: 'bearer',
  users: [`anna:${PASSWORD}`, `_token:${PASSWORD}`],
  identityTokens: ['refresh-token-1234'],
  anonymousPull: false,
};

async function site(t: TestContext, options: FaultRegistryOptions = { auth }) {
  const registry = await startFaultRegistry(options);
  t.after(() => registry.close());
  const sandbox = createSandbox(t);
  const manifest = { schemaVersion: 2, mediaType: MEDIA.ociManifest, config: {}, layers: [] };
  registry.model.putManifest('provisioning-extensions/redis', {
    type: MEDIA.ociManifest,
    bytes: Buffer.from(JSON.stringify(manifest)),
    tag: '1.0.0',
  });
  const docker = join(sandbox.root, 'home', '.docker', 'config.json');
  const write = (path: string, text: string, mode = 0o600) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
  };
  const readDocker = () => JSON.parse(readFileSync(docker, 'utf8'));
  return { registry, sandbox, docker, write, readDocker, ...sandbox };
}

/** A docker credential helper that keeps what it is given in a file and writes down how it was called. */
function helper(folder: string, name: string): { bin: string; kept: string; calls: string } {
  const bin = join(folder, 'bin');
  const [kept, calls] = [join(folder, `${name}.kept`), join(folder, `${name}.calls`)];
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh
echo "$@" >> '${calls}'
case "$1" in
  store) cat > '${kept}';;
  get) if [ -f '${kept}' ]; then cat '${kept}'; else echo 'credentials not found in native keychain'; exit 1; fi;;
  erase) rm -f '${kept}';;
esac
`;
  writeFileSync(join(bin, `docker-credential-${name}`), script, { mode: 0o755 });
  return { bin, kept, calls };
}

test('login asks the registry first, then keeps the credentials beside everything else, mode 0600', async (t) => {
  const { registry, options, docker, write, readDocker, assertNothingHalfDone } = await site(t);
  const before = { psFormat: 'x', auths: { 'other.example': { auth: 'b3RoZXI6c2VjcmV0' } }, 'x-mine': [1] };
  write(docker, JSON.stringify(before, undefined, '  '), 0o644);

  const wrong = await prov(['login', registry.host, '-u', 'anna', '--password-stdin', '--out', 'json'], {
    ...options,
    input: 'not-the-password\n',
  });
  assertFailure(wrong, { code: 'OCI_AUTH_REJECTED', exit: 4, message: /this sign-in/ });
  assert.deepEqual(readDocker(), before, 'nothing is stored when the registry refuses');

  const done = await prov(['oci', 'login', registry.host, '--username', 'anna', '--password-stdin'], {
    ...options,
    input: `${PASSWORD}\n`,
  });
  assert.equal(done.code, 0, done.stderr);
  assert.match(
    done.stdout,
    /^signed in at .* as anna\nchecked: .*\/v2\/ accepted them\nstored in .*config\.json\n$/,
  );
  assert.match(done.stderr, /plain text/);
  assert.ok(!`${done.stdout}${done.stderr}`.includes(PASSWORD));
  const after = readDocker();
  assert.deepEqual({ ...after, auths: { 'other.example': after.auths['other.example'] } }, before);
  assert.deepEqual(after.auths[registry.host], { auth: Buffer.from(`anna:${PASSWORD}`).toString('base64') });
  assert.equal(statSync(docker).mode & 0o777, 0o600);
  assert.match(readFileSync(docker, 'utf8'), /^\{\n {2}"psFormat"/, 'written as it was indented');

  const tags = await prov(['ext', 'tags', 'redis', '--registry', registry.host], options);
  assert.equal(tags.code, 0, tags.stderr);
  const out = await provData<{ removed: { key: string }[] }>(['logout', registry.host], options);
  assert.deepEqual(
    out.removed.map(({ key }) => key),
    [registry.host],
  );
  assert.deepEqual(Object.keys(readDocker().auths), ['other.example']);
  const anonymous = await prov(
    ['ext', 'tags', 'redis', '--registry', registry.host, '--out', 'json'],
    options,
  );
  assertFailure(anonymous, { code: 'OCI_AUTH_REQUIRED', exit: 4, hint: /prov login/ });
  await assertNothingHalfDone();
});

test('a helper keeps the secret when one is configured; it never gets it as an argument', async (t) => {
  const { registry, sandbox, docker, write, readDocker } = await site(t);
  const { bin, kept, calls } = helper(sandbox.root, 'vault');
  const env = { ...sandbox.env, PATH: `${bin}:${sandbox.env['PATH']}` };
  write(docker, JSON.stringify({ credHelpers: { [registry.host]: 'vault' } }));
  const options = { ...sandbox.options, env, input: PASSWORD };
  const data = await provData<{ helper: string; warnings: string[] }>(
    ['login', registry.host, '--password-stdin'],
    options,
  );
  assert.equal(data.helper, 'vault');
  assert.ok(!data.warnings.some((warning) => warning.includes('plain text')));
  assert.deepEqual(readDocker().auths, { [registry.host]: {} });
  assert.deepEqual(JSON.parse(readFileSync(kept, 'utf8')), {
    ServerURL: registry.host,
    Username: '_token',
    Secret: PASSWORD,
  });
  await provData(['ext', 'tags', 'redis', '--registry', registry.host], options);
  await provData(['logout', registry.host], options);
  // How often a command asks depends on how many clients it opens.
  assert.deepEqual([...new Set(readFileSync(calls, 'utf8').split('\n').filter(Boolean))].sort(), [
    'erase',
    'get',
    'store',
  ]);
  assert.ok(!readFileSync(docker, 'utf8').includes(PASSWORD));
});

test('credentials of the environment go to a registry that the user named, not to one that a reference or a workspace names', async (t) => {
  const { registry, options, env, sandbox, write } = await site(t);
  const secret = { PROVISIONING_REGISTRY_USERNAME: 'anna', PROVISIONING_REGISTRY_PASSWORD: PASSWORD };
  const own = { ...options, env: { ...env, ...secret } };
  const full = ['ext', 'tags', `${registry.host}/provisioning-extensions/redis`];
  const refused = await prov([...full, '--out', 'json'], own);
  assertFailure(refused, { code: 'OCI_AUTH_REQUIRED', exit: 4, hint: /PROVISIONING_REGISTRY__URL=127/ });
  const hint = new RegExp(
    `PROVISIONING_REGISTRY_USERNAME is not used for ${registry.host}: .*set PROVISIONING_REGISTRY__URL=${registry.host}`,
  );
  assert.match(refused.stderr, hint);
  // A cloned workspace says where its extensions are, and nothing about secrets; nor may it name files of ours.
  const token = join(sandbox.root, 'home', 'token');
  write(token, `${PASSWORD}\n`);
  const oci = JSON.stringify({
    registry: registry.host,
    namespace: 'provisioning-extensions',
    auth_token_path: token,
  });
  const workspace = join(sandbox.work, 'cloned');
  write(
    join(workspace, 'config', 'provisioning.yaml'),
    `schema: 1\nworkspace: { name: shop }\nextensions: { oci: ${oci} }\n`,
  );
  const cloned = { ...own, cwd: workspace };
  assertFailure(await prov(['ext', 'tags', 'redis', '--out', 'json'], cloned), {
    code: 'OCI_AUTH_REQUIRED',
    exit: 4,
  });
  const explained = await prov(['auth', 'explain', 'redis'], cloned);
  assert.match(explained.stdout, /other .*token .*a workspace may not say which file is sent where/);
  const sent = () => registry.seen.filter(({ headers }) => headers.authorization?.startsWith('Basic '));
  assert.equal(sent().length, 0);
  await provData(['ext', 'tags', 'redis', '--registry', registry.host], own);
  assert.ok(sent().length > 0);
  write(
    join(env['PROVISIONING_HOME']!, 'config.toml'),
    `[extensions.oci]\nregistry = "${registry.host}"\nauth_token_path = "${token}"\n`,
  );
  await provData(full, options);
  write(token, '', 0o600);
  assertFailure(await prov([...full, '--out', 'json'], options), {
    code: 'OCI_AUTH_FILE_INVALID',
    exit: 3,
    message: /token.*it is empty/,
  });
});

test('a login for a path is found where it was stored, in a helper for everything or for the host', async (t) => {
  const { registry, sandbox, options, docker, write, readDocker } = await site(t);
  const kept = join(sandbox.root, 'kept');
  const bin = join(sandbox.root, 'bin');
  mkdirSync(kept);
  const script = `#!/bin/sh
cd '${kept}'
input=$(cat)
case "$1" in
  store) name=$(printf '%s' "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/' | tr / _); printf '%s' "$input" > "$name";;
  get) cat "$(printf '%s' "$input" | tr / _)" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; };;
  erase) rm -f "$(printf '%s' "$input" | tr / _)";;
esac
`;
  write(join(bin, 'docker-credential-vault'), script, 0o755);
  const path = `${registry.host}/provisioning-extensions`;
  const own = { ...options, env: { ...sandbox.env, PATH: `${bin}:${sandbox.env['PATH']}` } };
  const configs = [
    { credsStore: 'vault' },
    { credHelpers: { [registry.host]: 'vault' }, credsStore: 'missing' },
  ];
  for (const config of configs) {
    write(docker, JSON.stringify(config));
    await provData(['login', path, '--password-stdin'], { ...own, input: PASSWORD });
    assert.deepEqual(readdirSync(kept), [path.replace('/', '_')]);
    assert.deepEqual(readDocker().auths, { [path]: {} });
    await provData(['ext', 'tags', 'redis', '--registry', registry.host], own);
    const explained = await prov(['auth', 'explain', `${path}/redis`], own);
    assert.match(
      explained.stdout,
      /chosen .*helper of auths\["\S+\/provisioning-extensions"\] \(helper vault\)/,
    );
    await provData(['logout', path], own);
    assert.deepEqual(readdirSync(kept), []);
  }
});

test('identity tokens, token files, paths of a registry', async (t) => {
  const { registry, sandbox, options, write, readDocker } = await site(t);
  await provData(['login', registry.host, '--identity-token-stdin'], {
    ...options,
    input: 'refresh-token-1234\n',
  });
  assert.equal(readDocker().auths[registry.host].identitytoken, 'refresh-token-1234');
  await provData(['ext', 'tags', 'redis', '--registry', registry.host], options);

  const file = join(sandbox.work, 'token');
  write(file, `${PASSWORD}\n`, 0o644);
  const path = `${registry.host}/team/tools`;
  const open = await prov(['login', path, '--token-file', file, '--out', 'json'], options);
  assertFailure(open, { code: 'OCI_AUTH_FILE_INVALID', exit: 3, message: /token.*others can read it/ });
  chmodSync(file, 0o600);
  const data = await provData<{ key: string; checked: string[] }>(
    ['login', path, '--token-file', file],
    options,
  );
  assert.equal(data.key, path);
  assert.deepEqual(data.checked, [`${registry.host}/v2/`, `${registry.host}/v2/team/tools/tags/list`]);

  const out = await prov(['logout', registry.host], options);
  assert.match(out.stdout, /still stored, for paths: .*team\/tools/);
  const all = await provData<{ removed: unknown[] }>(['logout', '--all'], options);
  assert.equal(all.removed.length, 1);
  assert.deepEqual(readDocker().auths, {});
});

test('what cannot be right is refused, naming the file, and loses nothing', async (t) => {
  const { registry, options, docker, write, sandbox } = await site(t);
  const login = (input = PASSWORD) =>
    prov(['login', registry.host, '--password-stdin', '--out', 'json'], { ...options, input });
  for (const [text, message] of [
    ['{"auths": {"a": {"auth": "c2VjcmV0OnNlY3JldA=="}', /config\.json.*not valid JSON/],
    ['[]', /config\.json.*not a JSON object/],
    ['{"auths": []}', /config\.json.*"auths" is not an object/],
    [`{"x": "${'y'.repeat(5 * 1024 * 1024)}"}`, /config\.json.*more than/],
  ] as const) {
    write(docker, text);
    assertFailure(await login(), { code: 'OCI_AUTH_FILE_INVALID', exit: 3, message });
    assert.equal(readFileSync(docker, 'utf8'), text);
  }
  for (const [script, message] of [
    [undefined, /docker-credential-odd is not in PATH(?:, or it may not be run)?; .*config\.json names it/],
    ['echo garbage', /not JSON; .*config\.json names it/],
    ['yes | head -c 200000', /more than 65536 bytes/],
    ['exit 3', /ended with 3/],
  ] as const) {
    write(docker, JSON.stringify({ credsStore: 'odd' }));
    const bin = join(sandbox.root, 'odd-bin');
    if (script !== undefined) write(join(bin, 'docker-credential-odd'), `#!/bin/sh\n${script}\n`, 0o755);
    const env = { ...sandbox.env, PATH: `${bin}:${sandbox.env['PATH']}` };
    const tags = ['ext', 'tags', 'redis', '--registry', registry.host, '--out', 'json'];
    assertFailure(await prov(tags, { ...options, env }), {
      code: 'OCI_AUTH_HELPER_FAILED',
      exit: 4,
      message,
    });
  }
  assertFailure(await prov(['login', registry.host, '--out', 'json'], options), {
    code: 'CLI_USAGE',
    exit: 2,
    message: /no terminal/,
  });
  assertFailure(await login(''), { code: 'CLI_USAGE', exit: 2, message: /empty/ });
  const twice = ['login', registry.host, '--password-stdin', '--identity-token-stdin', '--out', 'json'];
  assertFailure(await prov(twice, options), { code: 'CLI_USAGE', exit: 2, message: /exclude each other/ });
  for (const bad of ['user:pw@registry.example', 'http://', '-x', 'a b'])
    assert.equal(
      (await prov(['login', '--password-stdin', '--out', 'json', '--', bad], { ...options, input: 'x' }))
        .code,
      2,
      bad,
    );
  assertFailure(await prov(['logout', '--out', 'json'], options), {
    code: 'CLI_USAGE',
    exit: 2,
    message: /--all/,
  });
});

test('a link to the file is written through, and two logins at once both last', async (t) => {
  const { registry, sandbox, options, docker, readDocker, write } = await site(t);
  const real = join(sandbox.root, 'dotfiles', 'docker.json');
  write(real, '{}');
  mkdirSync(dirname(docker), { recursive: true });
  symlinkSync(real, docker);
  const paths = ['a', 'b', 'c', 'd'].map((name) => `${registry.host}/${name}`);
  await Promise.all(
    paths.map((path) => provData(['login', path, '--password-stdin'], { ...options, input: PASSWORD })),
  );
  assert.deepEqual(Object.keys(readDocker().auths).sort(), paths);
  assert.deepEqual(readdirSync(dirname(real)), ['docker.json']);
});

test('auth explain says what wins and why the others do not, and never a secret', async (t) => {
  const { registry, sandbox, options, docker, write } = await site(t);
  const podman = join(sandbox.root, 'home', '.config', 'containers', 'auth.json');
  const entry = { auth: Buffer.from(`anna:${PASSWORD}`).toString('base64') };
  write(
    podman,
    JSON.stringify({ auths: { [`${registry.host}/ns`]: entry, [`${registry.host}/other`]: entry } }),
  );
  write(docker, JSON.stringify({ auths: { [registry.host]: entry } }));
  const home = join(sandbox.root, 'home', '.provisioning');
  write(
    join(home, 'config.toml'),
    `[security]\ntls_verify = false\n[security.realm_pins]\n"${registry.host}" = "tokens.example"\n`,
  );
  const explain = (ref: string, env = sandbox.env) => prov(['auth', 'explain', ref], { ...options, env });
  const text = (await explain(`${registry.host}/ns/redis:1.0.0`)).stdout;
  assert.match(text, /credentials {2}password of anna, from .*auth\.json: auths\["127\.0\.0\.1:\d+\/ns"\]/);
  assert.match(text, /chosen .*auth\.json/);
  assert.match(text, /other .*\/other"\]: it is about other repositories/);
  assert.match(text, /shadowed .*config\.json.*an earlier place won/);
  assert.match(text, /absent .*environment/);
  assert.match(text, /protocol {5}http \(loopback\)/);
  assert.match(text, /proxy {8}none/);
  assert.match(text, /realm {8}tokens\.example \(.*config\.toml:4/);
  assert.ok(!text.includes(PASSWORD) && !text.includes(entry.auth));
  assert.equal(registry.seen.length, 0, 'the registry is not asked');

  const env = {
    ...sandbox.env,
    PROVISIONING_REGISTRY_TOKEN: 'bearer-token-99',
    PROVISIONING_REGISTRY__URL: 'far.example',
    HTTPS_PROXY: 'http://me:proxy-pass-1@proxy.example:3128',
  };
  const json = await prov(['auth', 'explain', 'far.example/ns/redis', '--out', 'json'], { ...options, env });
  const data = json.json.data as Record<string, { [key: string]: unknown }>;
  assert.equal(data['credential']!['from'], 'PROVISIONING_REGISTRY_TOKEN');
  assert.deepEqual(data['proxy'], { host: 'proxy.example:3128', from: 'HTTPS_PROXY' });
  assert.equal(data['tls']!['verify'], false);
  assert.ok(!/bearer-token-99|proxy-pass-1/.test(json.stdout + json.stderr));

  write(docker, '{ broken');
  const broken = (await explain('elsewhere.example')).stdout;
  assert.match(broken, /failed .*config\.json.*not valid JSON/);
});

test('the realm of a registry is remembered; a new one needs --trust-realm', async (t) => {
  const { registry, sandbox, options } = await site(t);
  await provData(['login', registry.host, '--password-stdin'], { ...options, input: PASSWORD });
  const pins = join(sandbox.root, 'home', '.provisioning', 'state', 'realms');
  const [pin] = readdirSync(pins);
  assert.equal(JSON.parse(readFileSync(join(pins, pin!), 'utf8')).realm, registry.host);
  writeFileSync(join(pins, pin!), JSON.stringify({ v: 1, registry: registry.host, realm: 'tokens.example' }));
  const other = await startFaultRegistry({ auth });
  t.after(() => other.close());
  registry.fault({
    times: 9,
    path: /tags/,
    does: {
      answer: {
        status: 401,
        headers: {
          'www-authenticate': `Bearer realm="${other.origin.replace('127.0.0.1', 'localhost')}/token"`,
        },
      },
    },
  });
  const tags = ['ext', 'tags', 'redis', '--registry', registry.host, '--out', 'json'];
  assertFailure(await prov(tags, options), {
    code: 'OCI_AUTH_REALM_CHANGED',
    exit: 4,
    message: /now wants credentials sent to localhost:\d+; until now they went to tokens\.example/,
    hint: /--trust-realm localhost:\d+/,
  });
  assert.equal(other.seen.length, 0, 'nothing went to the new realm');
  registry.clearFaults();
  registry.fault({
    path: /tags/,
    does: {
      answer: {
        status: 401,
        headers: {
          'www-authenticate': `Bearer realm="${other.origin.replace('127.0.0.1', 'localhost')}/token",service="registry"`,
        },
      },
    },
  });
  await prov([...tags, '--trust-realm', other.host.replace('127.0.0.1', 'localhost')], options);
  assert.ok(other.seen.length > 0);
  assert.equal(
    JSON.parse(readFileSync(join(pins, pin!), 'utf8')).realm,
    other.host.replace('127.0.0.1', 'localhost'),
  );
});

test('our own token files are used, and refused when others can read them', async (t) => {
  const { registry, sandbox, options, write } = await site(t);
  const file = join(sandbox.root, 'home', '.provisioning', 'tokens', registry.host.replace(':', '_'));
  write(file, `${PASSWORD}\n`);
  const tags = ['ext', 'tags', 'redis', '--registry', registry.host];
  await provData(tags, options);
  chmodSync(file, 0o640);
  assertFailure(await prov([...tags, '--out', 'json'], options), {
    code: 'OCI_AUTH_FILE_INVALID',
    exit: 3,
    message: /tokens.*others can read it/,
  });
});
