import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { startFaultRegistry } from '../fault-registry/index.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { type SampleExtension, writeExtension } from '../support/extensions.js';
import { assertFailure, expectBothForms, expectFailure } from '../support/failures.js';
import { listFiles, snapshot, unfinished, writeTree } from '../support/files.js';
import { prov, provData, withFileSizeLimit } from '../support/prov.js';
import { freePort, ownRegistry } from '../support/registries.js';
import { createSandbox, type Sandbox } from '../support/sandbox.js';

const HEAD = 'schema: 1\nname: demo\ntype: taskserv\n';
const WHOLE = `${HEAD}version: 1.0.0\ndescription: A demo.\n`;

interface ManifestCase {
  readonly what: string;
  readonly manifest?: string;
  readonly code?: string;
  readonly message: RegExp;
  readonly hint: RegExp;
}

const MANIFESTS: readonly ManifestCase[] = [
  {
    what: 'no manifest',
    code: 'OCI_PACK_MANIFEST_MISSING',
    message: /demo has no manifest\.yaml$/,
    hint: /Give the directory of an extension/,
  },
  {
    what: 'malformed YAML',
    manifest: `${HEAD}description: [open\n`,
    code: 'SCHEMAS_YAML_SYNTAX',
    message: /manifest\.yaml:5:1: not valid YAML: Flow sequence/,
    hint: /Fix the syntax/,
  },
  {
    what: 'a tab for an indent',
    manifest: `${HEAD}permissions:\n\tsudo: true\n`,
    code: 'SCHEMAS_YAML_SYNTAX',
    message: /manifest\.yaml:5:1: not valid YAML: Tabs/,
    hint: /Fix the syntax/,
  },
  {
    what: 'an empty file',
    manifest: '',
    message: /manifest\.yaml:1:1: file: must be a map, not empty$/,
    hint: /./,
  },
  {
    what: 'an unknown key',
    manifest: `${WHOLE}versoin: 2.0.0\n`,
    code: 'SCHEMAS_KEY_UNKNOWN',
    message: /manifest\.yaml:6:1: unknown key "versoin"$/,
    hint: /^Did you mean "version"\?$/,
  },
  {
    what: 'an unknown key inside one of several shapes',
    manifest: `${WHOLE}dependencies:\n  os: { versoin: ^1 }\n`,
    code: 'SCHEMAS_KEY_UNKNOWN',
    message: /manifest\.yaml:7:9: unknown key "versoin"$/,
    hint: /^Did you mean "version"\?$/,
  },
  {
    what: 'a key given twice',
    manifest: `${WHOLE}name: other\n`,
    code: 'SCHEMAS_KEY_DUPLICATE',
    message: /manifest\.yaml:6:1: the key "name" is there twice$/,
    hint: /Keep one/,
  },
  {
    what: 'a field that is missing',
    manifest: `${HEAD}version: 1.0.0\n`,
    message: /manifest\.yaml:1:1: description: is missing \(text\)$/,
    hint: /every field/,
  },
  {
    what: 'a version that is a number to YAML',
    manifest: `${HEAD}version: 15.0\ndescription: A demo.\n`,
    message: /manifest\.yaml:4:1: version: "15\.0" is not a semantic version$/,
    hint: /^Write 15\.0\.0\.$/,
  },
  {
    what: 'a moving version',
    manifest: `${HEAD}version: latest\ndescription: A demo.\n`,
    message: /manifest\.yaml:4:1: version: "latest" is not a semantic version$/,
    hint: /write the number/,
  },
  {
    what: 'a range that is none',
    manifest: `${WHOLE}dependencies:\n  os: newest\n`,
    message: /manifest\.yaml:7:3: dependencies\.os: must be a semver range such as \^1\.2\.0/,
    hint: /./,
  },
  {
    what: 'a number where a text belongs',
    manifest: `${WHOLE}category: 2024\n`,
    message: /manifest\.yaml:6:1: category: must be text, not a number$/,
    hint: /^Write it in quotes: "2024"\.$/,
  },
  {
    what: 'a manifest of a later prov',
    manifest: 'schema: 9\nfuture: true\n',
    code: 'SCHEMAS_NEEDS_NEWER_PROV',
    message: /needs prov with manifest schema 9, this is prov /,
    hint: /Upgrade prov/,
  },
];

for (const { what, manifest, code = 'SCHEMAS_VALUE_INVALID', message, hint } of MANIFESTS) {
  test(`pack refuses ${what} with its place and what to write`, async (t) => {
    const { work, options, assertNothingHalfDone } = createSandbox(t);
    writeTree(join(work, 'demo'), {
      'README.md': 'demo',
      ...(manifest === undefined ? {} : { 'manifest.yaml': manifest }),
    });
    const before = snapshot(work);
    await expectBothForms(
      ['ext', 'pack', 'demo', '--output', 'layout'],
      { code, exit: 3, message, hint },
      options,
    );
    assert.deepEqual(snapshot(work), before);
    await assertNothingHalfDone();
  });
}

test('a taken port is named, in the foreground and in the background, and no process stays', async (t) => {
  const { options, assertNothingHalfDone } = createSandbox(t);
  const port = await freePort();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  t.after(() => other.close());
  const expected = {
    code: 'REGISTRY_PORT_TAKEN',
    exit: 11,
    message: new RegExp(`^port ${port} on 127\\.0\\.0\\.1 is taken$`),
    hint: /--port/,
  };
  const start = ['registry', 'start', '--port', String(port), '--data', 'data'];
  await expectBothForms([...start, '--foreground'], expected, options);
  await expectFailure(start, expected, options);
  await assertNothingHalfDone();
  const status = await provData<unknown>(['registry', 'status'], options);
  assert.deepEqual(status, { running: [] });
});

/** One registry for the tests below; each publishes into a namespace of its own. */
const shared = createSandbox({ after });
const registry = await ownRegistry({ after }, shared.root, shared.env);

let namespaces = 0;
/** A sandbox with a namespace on the shared registry. */
function onRegistry(t: TestContext): Sandbox & { readonly namespace: string; readonly host: string } {
  namespaces += 1;
  return { ...createSandbox(t), namespace: `test-${namespaces}`, host: registry.host };
}

interface Published {
  readonly dir: string;
  readonly digest: string;
}

async function publish(
  { work, options, namespace, host }: ReturnType<typeof onRegistry>,
  extension: SampleExtension,
  more: readonly string[] = [],
): Promise<Published> {
  const dir = writeExtension(work, extension);
  const args = ['ext', 'push', dir, '--registry', host, '--namespace', namespace, ...more];
  const { digest } = await provData<{ digest: string }>(args, options);
  return { dir, digest };
}

/** A workspace `site` that requires extensions from the sandbox's namespace. */
async function makeWorkspace(
  { options, namespace, host }: ReturnType<typeof onRegistry>,
  requirements: readonly string[],
  more: readonly string[] = [],
): Promise<void> {
  await provData(
    [
      'workspace',
      'init',
      'site',
      '--registry',
      `main=${host}/${namespace}`,
      ...requirements.flatMap((each) => ['--require', each]),
      ...more,
    ],
    options,
  );
}

const NOTHING_PUBLISHED = {
  code: 'MANAGER_PACKAGE_UNKNOWN',
  exit: 5,
  message: /^nothing is published as /,
};
const RESOLVE = ['dep', 'resolve', '-w', 'site'];
const LARGE = { 'data.bin': randomBytes(700_000) };
/** In blocks of 512 bytes: enough for every small file, too little for the large one. */
const SMALL_FILES_ONLY = 1000;

test('a full disk while packing: one error, the earlier layout stays as it was', async (t) => {
  const { work, options, assertNothingHalfDone } = createSandbox(t);
  const dir = writeExtension(work, { name: 'demo', files: LARGE });
  const pack = ['ext', 'pack', dir, '--output', 'layout'];
  const limited = { ...options, wrapper: withFileSizeLimit(SMALL_FILES_ONLY) };
  const full = { code: 'BASE_DISK_FULL', exit: 1, message: /EFBIG/, hint: /Free space/ };
  await expectBothForms(pack, full, limited);
  assert.deepEqual(listFiles(join(work, 'layout')), []);
  const old = writeExtension(work, { name: 'demo', version: '0.9.0' });
  await provData(['ext', 'pack', old, '--output', 'layout'], options);
  const before = snapshot(work);
  await expectFailure(pack, full, limited);
  assert.deepEqual(snapshot(work), before);
  await assertNothingHalfDone();
  await provData(pack, options);
});

test('a full disk while pushing and while pulling: nothing published, nothing unpacked', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options, namespace, host, assertNothingHalfDone } = sandbox;
  const dir = writeExtension(work, { name: 'demo', files: LARGE });
  const limited = { ...options, wrapper: withFileSizeLimit(SMALL_FILES_ONLY) };
  const full = { code: 'BASE_DISK_FULL', exit: 1, message: /EFBIG/ };
  await expectBothForms(['ext', 'push', dir, '--registry', host, '--namespace', namespace], full, limited);
  const reference = `${host}/${namespace}/demo:1.0.0`;
  await expectFailure(['ext', 'tags', `${host}/${namespace}/demo`], NOTHING_PUBLISHED, options);
  await publish(sandbox, { name: 'demo', files: LARGE });
  const before = snapshot(work);
  await expectFailure(['ext', 'pull', reference, '--destination', 'got'], full, limited);
  assert.deepEqual(snapshot(work), before);
  await assertNothingHalfDone();
});

test('a full disk while installing: the old lock and the old installs stay', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options, assertNothingHalfDone } = sandbox;
  await publish(sandbox, { name: 'demo' });
  await makeWorkspace(sandbox, ['taskserv/demo@^1']);
  await provData(RESOLVE, options);
  await publish(sandbox, { name: 'demo', version: '1.1.0', files: LARGE });
  const before = snapshot(join(work, 'site'));
  await expectFailure(
    [...RESOLVE, '--update'],
    { code: 'BASE_DISK_FULL', exit: 1 },
    { ...options, wrapper: withFileSizeLimit(SMALL_FILES_ONLY) },
  );
  assert.deepEqual(snapshot(join(work, 'site')), before);
  await assertNothingHalfDone();
});

test('a full disk under the registry: the push fails, the tag is not there, a later push completes', async (t) => {
  const sandbox = createSandbox(t);
  const { root, work, env, options } = sandbox;
  const port = await freePort();
  const start = (wrapper?: readonly string[]) => ownRegistry(t, root, env, { port, wrapper });
  const small = await start(withFileSizeLimit(SMALL_FILES_ONLY));
  const dir = writeExtension(work, { name: 'demo', files: LARGE });
  const push = ['ext', 'push', dir, '--registry', small.host, '--namespace', 'team'];
  assertFailure(await prov([...push, '--out', 'json'], options), {
    code: 'OCI_REMOTE_UNAVAILABLE',
    exit: 9,
    message: /no space left/,
  });
  await expectFailure(['ext', 'tags', `${small.host}/team/demo`], NOTHING_PUBLISHED, options);
  await small.stop();
  assert.deepEqual(
    listFiles(join(small.data, 'blobs')).filter((path) => /\.(?:tmp|partial)$/.test(path)),
    [],
  );
  await start();
  assert.equal((await provData<{ pushed: boolean }>(push, options)).pushed, true);
});

test('the registry is killed in the middle of a push: network error; after its restart the push completes', async (t) => {
  const sandbox = createSandbox(t);
  const { root, work, env, options } = sandbox;
  const port = await freePort();
  const first = await ownRegistry(t, root, env, { port });
  const proxy = await startCuttingProxy(t, port);
  const dir = writeExtension(work, { name: 'demo', files: { 'data.bin': randomBytes(3_000_000) } });
  const push = ['ext', 'push', dir, '--registry', proxy.host, '--namespace', 'team'];
  let killed: Promise<void> | undefined;
  proxy.cutAfter(1_500_000, () => {
    killed = first.stop('SIGKILL');
  });
  const error = await expectFailure(
    push,
    {
      code: 'OCI_REMOTE_UNREACHABLE',
      exit: 9,
      hint: /No registry listens there|same command again/,
    },
    options,
  );
  assert.ok(error.message.includes(proxy.host));
  await killed;
  await expectFailure(push, { code: 'OCI_REMOTE_UNREACHABLE', exit: 9 }, options);
  await ownRegistry(t, root, env, { port });
  await proxy.open();
  const reference = `${proxy.host}/team/demo:1.0.0`;
  await expectFailure(['ext', 'pull', reference], { code: 'OCI_REFERENCE_NOT_FOUND', exit: 5 }, options);
  const pushed = await provData<{ pushed: boolean }>(push, options);
  assert.equal(pushed.pushed, true);
  await provData(['ext', 'pull', reference, '--destination', 'got'], options);
  assert.deepEqual(snapshot(join(work, 'got')), snapshot(dir));
  assert.deepEqual(unfinished(root), []);
});

test('a registry that is not there: network error that names it', async (t) => {
  const { options } = createSandbox(t);
  const host = `127.0.0.1:${await freePort()}`;
  await expectFailure(
    ['ext', 'tags', `${host}/team/demo`],
    {
      code: 'OCI_REMOTE_UNREACHABLE',
      exit: 9,
      message: new RegExp(`^cannot reach ${host}: `),
      hint: /prov registry start/,
    },
    options,
  );
});

test('a blob that was tampered with in the data of the registry: refused, nothing unpacked or locked', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options, namespace, host, assertNothingHalfDone } = sandbox;
  const dir = writeExtension(work, { name: 'demo', files: { 'data.bin': randomBytes(50_000) } });
  await publish(sandbox, { name: 'demo', files: { 'data.bin': readFileSync(join(dir, 'data.bin')) } });
  await makeWorkspace(sandbox, ['taskserv/demo@^1']);
  const reference = `${host}/${namespace}/demo:1.0.0`;
  const { layers } = await provData<{ layers: readonly { digest: string }[] }>(
    ['ext', 'inspect', reference],
    options,
  );
  const hex = layers[0]!.digest.slice('sha256:'.length);
  const blob = join(registry.data, 'blobs', 'sha256', hex.slice(0, 2), hex);
  const bytes = readFileSync(blob);
  const before = snapshot(work);
  const refused = {
    code: 'OCI_DIGEST_MISMATCH',
    exit: 6,
    message: new RegExp(layers[0]!.digest),
    hint: /nothing of it was kept/,
  };
  bytes[bytes.length - 100]! ^= 0xff;
  writeFileSync(blob, bytes);
  await expectBothForms(['ext', 'pull', reference, '--destination', 'got'], refused, options);
  await expectFailure(RESOLVE, refused, options);
  writeFileSync(blob, bytes.subarray(0, -1000));
  await expectFailure(
    RESOLVE,
    { code: 'OCI_CONTENT_MISSING', exit: 5, hint: /Push or copy it again/ },
    options,
  );
  assert.deepEqual(snapshot(work), before);
  await assertNothingHalfDone();
  const again = await provData<{ pushed: boolean }>(
    ['ext', 'push', dir, '--registry', host, '--namespace', namespace],
    options,
  );
  assert.equal(again.pushed, true, 'what the hint says repairs it');
  await provData(RESOLVE, options);
});

async function generateKeys(sandbox: Sandbox, names: readonly string[]): Promise<void> {
  for (const name of names) await provData(['key', 'generate', '--output', name], sandbox.options);
}

test('unsigned, wrongly signed and untrusted content is refused before anything of it is used', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options, namespace, host, assertNothingHalfDone } = sandbox;
  await generateKeys(sandbox, ['ours', 'theirs']);
  await makeWorkspace(sandbox, ['taskserv/demo@^1'], ['--trust-key', 'ours.pub']);
  await publish(sandbox, { name: 'demo' });
  const reference = `${host}/${namespace}/demo:1.0.0`;
  const before = snapshot(work);
  const refused = (message: RegExp) => ({ code: 'TRUST_REFUSED', exit: 6, message, hint: /reason code/ });
  const unsigned = refused(/demo.* is refused: it carries no signature$/m);
  await expectBothForms(RESOLVE, unsigned, options);
  await expectFailure(['ext', 'verify', reference, '--key', 'ours.pub'], unsigned, options);
  await expectFailure(
    ['ext', 'pull', reference, '--key', 'ours.pub', '--destination', 'got'],
    unsigned,
    options,
  );
  await expectFailure(['ext', 'pull', reference, '--destination', join(work, 'got')], unsigned, {
    ...options,
    cwd: join(work, 'site'),
  });
  await provData(['ext', 'sign', reference, '--key', 'theirs.key'], options);
  const wrong = refused(/made by a key that is not trusted/);
  await expectFailure(RESOLVE, wrong, options);
  await expectFailure(
    ['ext', 'pull', reference, '--key', 'ours.pub', '--destination', 'got'],
    wrong,
    options,
  );
  assert.deepEqual(snapshot(work), before);
  await assertNothingHalfDone();
  await provData(['ext', 'sign', reference, '--key', 'ours.key'], options);
  await provData(RESOLVE, options);
});

test('signing with a wrong or no password is a permission error and publishes nothing', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options, namespace, host } = sandbox;
  await generateKeys(sandbox, ['ours']);
  const dir = writeExtension(work, { name: 'demo' });
  const push = [
    'ext',
    'push',
    dir,
    '--registry',
    host,
    '--namespace',
    namespace,
    '--sign',
    '--key',
    'ours.key',
  ];
  const { PROVISIONING_SIGN_PASSWORD: _, ...without } = sandbox.env;
  await expectFailure(
    push,
    { code: 'TRUST_KEY_PASSWORD_MISSING', exit: 4, hint: /PROVISIONING_SIGN_PASSWORD/ },
    { ...options, env: without },
  );
  await expectFailure(
    push,
    { code: 'TRUST_KEY_PASSWORD_WRONG', exit: 4 },
    { ...options, env: { ...without, PROVISIONING_SIGN_PASSWORD: 'wrong' } },
  );
  await expectFailure(['ext', 'tags', `${host}/${namespace}/demo`], NOTHING_PUBLISHED, options);
});

test('key pairs are never overwritten, and a pair that was cut short is completed', async (t) => {
  const sandbox = createSandbox(t);
  const { work, options } = sandbox;
  await generateKeys(sandbox, ['ours']);
  const before = snapshot(work);
  const generate = ['key', 'generate', '--output', 'ours'];
  await expectFailure(
    generate,
    { code: 'CLI_FILE_EXISTS', exit: 11, message: /ours\.key is already there/ },
    options,
  );
  rmSync(join(work, 'ours.pub'));
  await provData([...generate, '--if-missing'], options);
  assert.deepEqual(snapshot(work), before);
});

test('a signed version under another version tag is refused, by our server at once and by the client anywhere', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options, namespace, host } = sandbox;
  await generateKeys(sandbox, ['ours']);
  const { digest } = await publish(sandbox, { name: 'demo' }, ['--sign', '--key', 'ours.key']);
  const [type, manifest] = await fetchManifest(`http://${host}/v2/${namespace}/demo/manifests/${digest}`);
  const retag = await fetch(`http://${host}/v2/${namespace}/demo/manifests/1.0.1`, {
    method: 'PUT',
    headers: { 'content-type': type },
    body: manifest,
  });
  assert.equal(retag.status, 400);
  assert.match(await retag.text(), /REGISTRY_EXTENSION_MISMATCH/);

  const lax = await startFaultRegistry();
  t.after(() => lax.close());
  const elsewhere = { ...sandbox, host: lax.host };
  await publish(elsewhere, { name: 'demo' }, ['--sign', '--key', 'ours.key']);
  lax.model.repository(`${namespace}/demo`).tags.set('1.0.1', digest);
  await makeWorkspace(elsewhere, ['taskserv/demo@^1.0.1'], ['--trust-key', 'ours.pub']);
  const before = snapshot(work);
  const reference = `${lax.host}/${namespace}/demo:1.0.1`;
  await expectFailure(
    ['ext', 'verify', reference, '--key', 'ours.pub'],
    { code: 'TRUST_REFUSED', exit: 6, message: /asked for 1\.0\.1, it is 1\.0\.0/ },
    options,
  );
  await expectFailure(
    ['ext', 'pull', reference, '--key', 'ours.pub', '--destination', 'got'],
    { code: 'MANAGER_CONTENT_MISNAMED', exit: 6, message: /it is version 1\.0\.0 under the tag of 1\.0\.1/ },
    options,
  );
  const refused = await prov([...RESOLVE, '--out', 'json'], options);
  assert.equal(refused.code, 6, refused.stdout);
  assert.deepEqual(snapshot(work), before);
});

async function fetchManifest(url: string): Promise<[string, string]> {
  const answer = await fetch(url, { headers: { accept: 'application/vnd.oci.image.manifest.v1+json' } });
  return [answer.headers.get('content-type')!, await answer.text()];
}

test('a version that was published with other content is a conflict, and the published one stays', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options, namespace, host } = sandbox;
  const { dir, digest } = await publish(sandbox, { name: 'demo' });
  writeFileSync(join(dir, 'added.txt'), 'more');
  await expectBothForms(
    ['ext', 'push', dir, '--registry', host, '--namespace', namespace],
    { code: 'MANAGER_VERSION_EXISTS', exit: 11, message: new RegExp(digest), hint: /Raise the version/ },
    options,
  );
  const reference = `${host}/${namespace}/demo:1.0.0`;
  const pulled = await provData<{ reference: string }>(
    ['ext', 'pull', reference, '--destination', 'got'],
    options,
  );
  assert.ok(pulled.reference.endsWith(digest));
  assert.equal(existsSync(join(work, 'got', 'added.txt')), false);
  await expectFailure(
    ['ext', 'pull', reference, '--destination', dir],
    { code: 'OCI_UNPACK_TARGET_EXISTS', exit: 11, hint: /another destination/ },
    options,
  );
});

test('ranges that nothing meets: the places that ask are named, the old lock stays', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options } = sandbox;
  await publish(sandbox, { name: 'base' });
  await publish(sandbox, { name: 'base', version: '2.0.0' });
  await publish(sandbox, { name: 'app', manifest: { dependencies: { base: '^2' } } });
  await makeWorkspace(sandbox, ['taskserv/base@*']);
  await provData(RESOLVE, options);
  const file = join(work, 'site', 'config', 'provisioning.yaml');
  const settings = readFileSync(file, 'utf8');
  const lock = readFileSync(join(work, 'site', 'prov.lock'), 'utf8');
  const ask = (taskservs: string) =>
    writeFileSync(
      file,
      settings.replace(
        /^( +)modules: .*$/m,
        `$1modules:\n$1  taskservs:\n${taskservs.replace(/^/gm, '$1    ')}`,
      ),
    );
  ask('base: ^3');
  const line =
    readFileSync(file, 'utf8')
      .split('\n')
      .findIndex((each) => each.includes('base: ^3')) + 1;
  assert.ok(line > 0);
  await expectBothForms(
    RESOLVE,
    {
      code: 'MANAGER_UNRESOLVABLE',
      exit: 7,
      message: new RegExp(`provisioning\\.yaml:${line}\\b.*base \\^3`),
      hint: /./,
    },
    options,
  );
  ask('app: ^1\nbase: ^1');
  const conflict = await expectFailure(
    RESOLVE,
    { code: 'MANAGER_UNRESOLVABLE', exit: 7, message: /provisioning\.yaml:\d+/ },
    options,
  );
  assert.match(conflict.message, /app/);
  assert.match(conflict.message, /base/);
  ask('absent: ^1');
  await expectFailure(
    RESOLVE,
    { code: 'MANAGER_UNRESOLVABLE', exit: 7, message: /there is no absent/ },
    options,
  );
  assert.equal(readFileSync(join(work, 'site', 'prov.lock'), 'utf8'), lock);
});

test('locks: missing, stale, cut short and with merge markers; --locked changes nothing', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options, assertNothingHalfDone } = sandbox;
  await publish(sandbox, { name: 'demo' });
  await makeWorkspace(sandbox, ['taskserv/demo@^1']);
  const site = join(work, 'site');
  const lockFile = join(site, 'prov.lock');
  const locked = [...RESOLVE, '--locked'];
  const stale = (message: RegExp) => ({
    code: 'MANAGER_LOCK_STALE',
    exit: 8,
    message,
    hint: /without --locked/,
  });
  await expectBothForms(locked, stale(/there is none/), options);
  assert.equal(existsSync(lockFile), false);
  await expectFailure(['dep', 'tree', '-w', 'site'], { code: 'MANAGER_LOCK_MISSING', exit: 8 }, options);
  await provData(RESOLVE, options);
  const lock = readFileSync(lockFile, 'utf8');

  const settings = join(site, 'config', 'provisioning.yaml');
  const before = readFileSync(settings, 'utf8');
  writeFileSync(settings, before.replace('demo: ^1', 'demo: ^1.0.1'));
  await expectFailure(locked, stale(/demo/), options);
  writeFileSync(settings, before.replace('demo: ^1', 'demo: ^1.0'));
  await provData(locked, options);
  writeFileSync(settings, `# a comment\n${before}`);
  await provData(locked, options);
  assert.equal(readFileSync(lockFile, 'utf8'), lock);

  const middle = Math.floor(lock.length / 2);
  const broken: [string, RegExp][] = [
    [lock.slice(0, middle), /prov\.lock/],
    [`<<<<<<< ours\n${lock}=======\n${lock}>>>>>>> theirs\n`, /merge/],
    ['', /prov\.lock/],
    [lock.replace(/sha256:[0-9a-f]{64}/, 'sha256:short'), /prov\.lock/],
    [lock.replace(/^lockVersion: .*$/m, 'lockVersion: 99'), /prov\.lock/],
  ];
  for (const [text, message] of broken) {
    writeFileSync(lockFile, text);
    const modules = snapshot(site);
    for (const args of [RESOLVE, locked, ['dep', 'tree', '-w', 'site']]) {
      const error = assertFailure(await prov([...args, '--out', 'json'], options), {
        code: /lockVersion: 99/.test(text) ? 'SCHEMAS_NEEDS_NEWER_PROV' : 'SCHEMAS_LOCK_INVALID',
        exit: 3,
        message,
      });
      assert.ok(error.hint.length > 0);
    }
    assert.deepEqual(snapshot(site), modules);
  }
  await assertNothingHalfDone();
});

test('outside a workspace, and in one that is not there: not found', async (t) => {
  const { options } = createSandbox(t);
  const missing = { code: 'WORKSPACE_NOT_FOUND', exit: 5, hint: /prov workspace init/ };
  for (const command of [
    ['dep', 'resolve'],
    ['deploy'],
    ['health'],
    ['module', 'list'],
    ['workspace', 'show'],
  ])
    assertFailure(await prov([...command, '--out', 'json'], options), missing);
  await expectBothForms(['dep', 'resolve', '-w', './nowhere'], { ...missing, message: /nowhere/ }, options);
});

test('a registry of this machine without an id is not locked, unless --allow-local says so', async (t) => {
  const sandbox = onRegistry(t);
  const { work, options, namespace, host } = sandbox;
  await publish(sandbox, { name: 'demo' });
  await makeWorkspace(sandbox, []);
  const file = join(work, 'site', 'config', 'provisioning.yaml');
  writeFileSync(
    file,
    `schema: 1\nworkspace: { name: site }\nmode: solo\ndependencies:\n  extensions:\n    modules:\n      taskservs: ["oci://${host}/${namespace}/demo:1.0.0"]\n`,
  );
  await expectFailure(
    RESOLVE,
    { code: 'MANAGER_LOCK_LOOPBACK', exit: 3, message: /is on this machine/, hint: /--allow-local/ },
    options,
  );
  assert.equal(existsSync(join(work, 'site', 'prov.lock')), false);
  await provData([...RESOLVE, '--allow-local'], options);
  assert.equal(existsSync(join(work, 'site', 'prov.lock')), true);
});

test('what cannot be right in an argument is refused before anybody is asked, and says what to write', async (t) => {
  const { options, work } = createSandbox(t);
  const demo = writeExtension(work, { name: 'demo' });
  const broken = join(work, 'broken.pub');
  writeFileSync(broken, 'garbage');
  const shop = { 'config/provisioning.yaml': 'schema: 1\nworkspace: { name: shop }\n' };
  writeTree(join(work, 'shop'), {
    ...shop,
    'infra/main/settings.yaml': 'schema: 1\nprovider: local\nservers: []\n',
  });
  // Nothing listens there: whoever asks first fails with OCI_REMOTE_UNREACHABLE.
  const reference = 'localhost:1/team/demo:1.0.0';
  const cases: readonly (readonly [string[], string, RegExp, RegExp])[] = [
    [['ext', 'push', 'NODIR'], 'BASE_FILE_MISSING', /NODIR does not exist$/, /directory of an extension/],
    [['ext', 'list', '--registry', 'http://x y'], 'CLI_USAGE', /--registry "http:\/\/x y"/, /HOST:PORT/],
    [
      ['ext', 'publish', demo, '--no-sign', '--namespace', 'BAD NS'],
      'CLI_USAGE',
      /--namespace "BAD NS" is not a namespace/,
      /lower-case names joined by \//,
    ],
    [['ext', 'tag', reference, 'a b'], 'SCHEMAS_NAME_INVALID', /"a b" is not a valid tag/, /128 letters/],
    [['ext', 'verify', reference, '--key', broken], 'TRUST_KEY_INVALID', /public key \S+broken\.pub/, /PEM/],
    [
      ['ext', 'publish', demo, '--key', broken],
      'TRUST_KEY_INVALID',
      /private key \S+broken\.pub cannot be read: it is not one PEM block/,
      /PEM/,
    ],
    [['workspace', 'init', 'new', '--trust-key', broken], 'TRUST_KEY_INVALID', /broken\.pub/, /PEM/],
    [
      ['deploy', '--check', '--workspace', join(work, 'shop')],
      'SCHEMAS_VALUE_INVALID',
      /settings\.yaml:3:1: servers: must name at least one server/,
      /docs\/spec\/workspace\.md/,
    ],
  ];
  for (const [args, code, message, hint] of cases) {
    const result = await prov([...args, '--out', 'json'], { ...options, cwd: work });
    assertFailure(result, { code, exit: result.json.error!.exit, message, hint });
  }
  assert.equal(existsSync(join(work, 'new')), false);
});
