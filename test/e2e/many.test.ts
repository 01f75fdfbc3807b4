import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { expectFailure } from '../support/failures.js';
import { snapshot } from '../support/files.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

interface Many {
  items: {
    item: string;
    reference?: string;
    digest?: string;
    signedBy?: string;
    signer?: string;
    destination?: string;
    error?: { code: string };
  }[];
  done: number;
  there: number;
  failed: number;
  requests: Record<string, number>;
  plan?: { requests: { method: string; path: string }[] };
}

const NAMES = ['alpha', 'beta', 'gamma', 'delta'];

async function setUp(t: TestContext) {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const sandbox = createSandbox(t);
  const at = ['--registry', registry.host, '--namespace', 'team'];
  const dirs = NAMES.map((name) =>
    writeExtension(sandbox.work, { name, files: { 'data.txt': `data of ${name}` } }),
  );
  const list = join(sandbox.work, 'list');
  writeFileSync(list, `# all of ours\n${dirs.join('\r\n')}\n\n${dirs[0]}  # once more\n`);
  return { ...sandbox, registry, at, dirs, list };
}

const lines = (registry: { seen: readonly { method: string; url: string }[] }) =>
  registry.seen.map(({ method, url }) => `${method} ${url.replace(/\?.*/, '')}`).sort();

test('many extensions are pushed and pulled by one command, as their dry runs say; the second time nothing is sent', async (t) => {
  const { registry, options, at, dirs, list, work, assertNothingHalfDone } = await setUp(t);
  const push = ['ext', 'push', '--from-file', list, ...at];
  const planned = await provData<Many>([...push, '--dry-run'], options);
  assert.ok(registry.seen.every(({ method }) => ['GET', 'HEAD'].includes(method)));
  registry.seen.length = 0;
  const pushed = await provData<Many>(push, options);
  assert.deepEqual([pushed.done, pushed.there, pushed.failed], [NAMES.length, 0, 0]);
  assert.deepEqual(
    pushed.items.map(({ item }) => item),
    dirs,
    'in the order of the list, each once',
  );
  // Upload addresses are the registry's.
  const known = (line: string) => line.replace(/uploads\/.*/, 'uploads/');
  assert.deepEqual(
    lines(registry).map(known),
    planned.plan!.requests.map(({ method, path }) => known(`${method} ${path}`)).sort(),
  );
  assert.equal(
    Object.values(pushed.requests).reduce((sum, each) => sum + each, 0),
    registry.seen.length,
  );
  const again = await provData<Many>(push, options);
  assert.deepEqual([again.done, again.there, Object.keys(again.requests)], [0, NAMES.length, ['HEAD']]);

  const references = NAMES.map((name) => `${name}:1.0.0`);
  const pull = ['ext', 'pull', ...references, ...at, '--destination', 'out'];
  const dry = await provData<Many>([...pull, '--dry-run'], options);
  assert.equal(existsSync(join(work, 'out')), false);
  assert.ok((dry.plan?.requests.length ?? 0) > 0);
  const pulled = await provData<Many>(pull, options);
  assert.deepEqual([pulled.done, pulled.there, pulled.failed], [NAMES.length, 0, 0]);
  assert.deepEqual(readdirSync(join(work, 'out')).sort(), [...NAMES].sort());
  for (const [i, name] of NAMES.entries())
    assert.deepEqual(snapshot(join(work, 'out', name)), snapshot(dirs[i]!), name);
  const last = await provData<Many>(['ext', 'pull', '--from-file', '-', ...at, '--destination', 'out'], {
    ...options,
    input: references.join('\n'),
  });
  assert.deepEqual([last.done, last.there], [0, NAMES.length]);
  await assertNothingHalfDone();
});

test('what fails is named, ends the command, or does not with --keep-going; the rest is there', async (t) => {
  const { registry, options, at, dirs, list, work, assertNothingHalfDone } = await setUp(t);
  writeFileSync(join(dirs[1]!, 'manifest.yaml'), 'schema: 1\nname: 17\n');
  const push = ['ext', 'push', '--from-file', list, ...at];
  const stopped = await prov([...push, '--out', 'json'], options);
  assert.notEqual(stopped.code, 0);
  assert.match(stopped.json.error!.code, /^SCHEMAS_/);
  const went = await prov([...push, '--keep-going', '--out', 'json'], options);
  assert.equal(went.code, 10);
  const pushed = went.json.data as Many;
  assert.equal(pushed.failed, 1);
  assert.equal(pushed.done + pushed.there, NAMES.length - 1);
  assert.match(pushed.items[1]!.error!.code, /^SCHEMAS_/);
  const text = await prov([...push, '--keep-going'], options);
  assert.equal(text.code, 10);
  assert.match(text.stdout, /failed: .*beta-1\.0\.0: SCHEMAS_/);
  assert.match(text.stdout, /pushed 0 of 4 \(3 there already, 1 failed\)/);

  const names = ['alpha:1.0.0', 'missing:1.0.0', 'delta:1.0.0'];
  const pull = await prov(['ext', 'pull', ...names, ...at, '--keep-going', '--out', 'json'], options);
  assert.equal(pull.code, 10);
  const pulled = pull.json.data as Many;
  assert.deepEqual([pulled.done, pulled.failed], [2, 1]);
  assert.equal(pulled.items[1]?.error?.code, 'OCI_REFERENCE_NOT_FOUND');
  assert.deepEqual([existsSync(join(work, 'alpha')), existsSync(join(work, 'missing'))], [true, false]);
  registry.seen.length = 0;
  await assertNothingHalfDone();
});

test('one key signs all that is pushed, and must have signed all that is pulled', async (t) => {
  const { options, at, list, work } = await setUp(t);
  await provData(['key', 'generate', '--output', 'release'], options);
  const pushed = await provData<Many>(
    ['ext', 'push', '--from-file', list, ...at, '--sign', '--key', 'release.key'],
    options,
  );
  assert.equal(new Set(pushed.items.map(({ signedBy }) => signedBy)).size, 1);
  assert.ok(pushed.items[0]?.signedBy);
  const names = NAMES.map((name) => `${name}:1.0.0`);
  const pull = ['ext', 'pull', ...names, ...at];
  const pulled = await provData<Many>([...pull, '--key', 'release.pub'], options);
  assert.ok(pulled.items.every(({ signer }) => signer !== undefined));
  for (const name of NAMES) rmSync(join(work, name), { recursive: true });
  await provData(['key', 'generate', '--output', 'other'], options);
  const refused = await prov([...pull, '--key', 'other.pub', '--keep-going', '--out', 'json'], options);
  assert.equal(refused.code, 10);
  assert.deepEqual(
    (refused.json.data as Many).items.map(({ error }) => error?.code),
    NAMES.map(() => 'TRUST_REFUSED'),
  );
  for (const name of NAMES) assert.equal(existsSync(join(work, name)), false);
});

test('two versions of one name meet at one destination: the second is refused, and what is named twice is pulled once', async (t) => {
  const { options, at, dirs, work } = await setUp(t);
  await provData(['ext', 'push', dirs[0]!, ...at], options);
  await provData(['ext', 'push', writeExtension(work, { name: 'alpha', version: '2.0.0' }), ...at], options);
  const pull = ['ext', 'pull', 'alpha:1.0.0', 'alpha:1.0.0', 'alpha:2.0.0', ...at];
  const result = await prov([...pull, '--keep-going', '--out', 'json'], options);
  const { items } = result.json.data as Many;
  assert.deepEqual(
    items.map(({ item, error }) => [item, error?.code]),
    [
      ['alpha:1.0.0', undefined],
      ['alpha:2.0.0', 'OCI_UNPACK_TARGET_EXISTS'],
    ],
  );
});

test('nothing named, an empty list, a missing list and a name for a list are refused', async (t) => {
  const { options, at, list, work } = await setUp(t);
  writeFileSync(join(work, 'empty'), '# nothing\n');
  for (const verb of ['push', 'pull']) {
    const message = /missing required argument/;
    await expectFailure(['ext', verb, ...at], { code: 'CLI_USAGE', exit: 2, message }, options);
    await expectFailure(
      ['ext', verb, '--from-file', 'empty', ...at],
      { code: 'CLI_USAGE', exit: 2 },
      options,
    );
    const missing = ['ext', verb, '--from-file', 'nowhere', ...at];
    await expectFailure(missing, { code: 'BASE_FILE_MISSING', exit: 5 }, options);
  }
  const named = ['ext', 'push', 'a', 'alpha', '1.0.0', '--from-file', list, ...at];
  await expectFailure(named, { code: 'CLI_USAGE', exit: 2 }, options);
});
