import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { commandEventSchema } from '#schemas';
import { type FaultRegistry, startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { expectFailure } from '../support/failures.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

interface Summary {
  digest?: string;
  copied: number;
  skipped: number;
  bytes: number;
  failed: number;
  tagged: string[];
  items: { from: string; digest?: string; error?: { code: string } }[];
  plan?: { bytes: number };
}

/** Large enough for an upload in chunks. */
const CHUNKED = 17 * 1024 * 1024;

/** Two registries; the first has redis in some versions, 7.2.0 with an SBOM and a note on that. */
async function setUp(t: TestContext, { bytes = 300_000, versions = ['7.0.0', '7.2.0'] } = {}) {
  const [from, to] = [await startFaultRegistry(), await startFaultRegistry()];
  t.after(() => Promise.all([from.close(), to.close()]));
  const sandbox = createSandbox(t);
  const { work, options } = sandbox;
  const at = ['--registry', from.host, '--namespace', 'team'];
  const large = { 'data.bin': randomBytes(bytes) };
  for (const version of versions) {
    const files = version === '7.2.0' ? large : {};
    await provData(['ext', 'push', writeExtension(work, { name: 'redis', version, files }), ...at], options);
  }
  writeFileSync(join(work, 'sbom.json'), JSON.stringify({ spdxVersion: 'SPDX-2.3' }));
  const sbom = await provData<{ digest: string }>(
    ['ext', 'attach', 'redis:7.2.0', 'sbom.json', ...at],
    options,
  );
  const note = await provData<{ digest: string }>(
    ['ext', 'attach', `redis@${sbom.digest}`, 'sbom.json', '--artifact-type', 'a/note', ...at],
    options,
  );
  return { ...sandbox, from, to, attached: [sbom.digest, note.digest] };
}

const tagsOf = ({ model }: FaultRegistry, name: string) => [...model.repository(name).tags.keys()].sort();
const writesOf = ({ seen }: FaultRegistry) => seen.filter(({ method }) => !['GET', 'HEAD'].includes(method));

test('copy says in a dry run how much it will send, then sends that, and nothing the second time', async (t) => {
  const { options, from, to, attached, assertNothingHalfDone } = await setUp(t, { bytes: CHUNKED });
  const copy = ['ext', 'copy', `${from.host}/team/redis:7.2.0`, `${to.host}/prod/redis`];
  const dry = await provData<Summary>([...copy, '--dry-run'], options);
  assert.deepEqual(writesOf(to), [], 'a dry run changes nothing');
  const done = await provData<Summary>(copy, options);
  assert.equal(dry.bytes, done.bytes);
  assert.deepEqual([dry.copied, dry.digest, dry.tagged], [done.copied, done.digest, done.tagged]);
  for (const digest of attached) assert.ok(to.model.repository('prod/redis').manifests.has(digest), digest);

  const before = writesOf(to).length;
  const again = await provData<Summary>(copy, options);
  assert.deepEqual([again.copied, again.bytes, writesOf(to).length], [0, 0, before]);
  const without = await provData<Summary>(
    ['ext', 'copy', `${from.host}/team/redis:7.2.0`, `${to.host}/bare/redis`, '--no-referrers'],
    options,
  );
  assert.equal(to.model.repository('bare/redis').manifests.size, 1);
  assert.equal(without.failed, 0);
  await assertNothingHalfDone();
});

test('copy --all-tags takes a range, denied tags and a number; --keep-going tells what failed', async (t) => {
  const versions = ['6.0.0', '7.0.0', '7.1.0', '7.2.0'];
  const { options, from, to } = await setUp(t, { versions });
  const all = ['ext', 'copy', `${from.host}/team/redis`];
  await provData([...all, `${to.host}/a/redis`, '--all-tags', '--range', '>=7', '--deny', '7.1.*'], options);
  assert.deepEqual(tagsOf(to, 'a/redis'), ['7.0.0', '7.2.0']);
  await provData([...all, `${to.host}/b/redis`, '--all-tags', '--newest', '2'], options);
  assert.deepEqual(tagsOf(to, 'b/redis'), ['7.1.0', '7.2.0']);
  await expectFailure(
    [...all, `${to.host}/c/redis`, '--all-tags', '--range', '>=9'],
    { code: 'MANAGER_COPY_NOTHING', exit: 5 },
    options,
  );
  await expectFailure(
    ['ext', 'copy', `${from.host}/team/redis:7.0.0`, `${to.host}/c/redis`, '--all-tags'],
    { code: 'CLI_USAGE', exit: 2, message: /leave the tag/ },
    options,
  );

  const broken = from.model.repository('team/redis').tags.get('7.0.0')!;
  from.fault({
    path: new RegExp(`/manifests/(?:7.0.0|${broken})$`),
    times: 100,
    does: { answer: { status: 404 } },
  });
  const partly = await prov(
    [...all, `${to.host}/d/redis`, '--all-tags', '--keep-going', '--out', 'json'],
    options,
  );
  assert.equal(partly.code, 10, partly.stdout);
  const { items, failed } = partly.json.data as Summary;
  assert.equal(failed, 1);
  assert.deepEqual(
    items.filter(({ error }) => error !== undefined).map(({ from: what, error }) => [what, error!.code]),
    [[`${from.host}/team/redis:7.0.0`, 'OCI_REFERENCE_NOT_FOUND']],
  );
  assert.deepEqual(tagsOf(to, 'd/redis'), ['6.0.0', '7.1.0', '7.2.0']);
  const table = await prov(
    [...all, `${to.host}/d/redis`, '--all-tags', '--keep-going', '--out', 'table'],
    options,
  );
  assert.match(table.stdout, /redis:7\.0\.0 .*OCI_REFERENCE_NOT_FOUND\n/);
});

for (const output of ['layout', 'redis.tar']) {
  test(`export to ${output} and import brings everything back, with what is attached`, async (t) => {
    const { work, options, from, to, attached, assertNothingHalfDone } = await setUp(t);
    const digest = from.model.repository('team/redis').tags.get('7.2.0')!;
    const refs = [`${from.host}/team/redis:7.2.0`, `${from.host}/team/redis:7.0.0`];
    const dry = await provData<Summary>(['ext', 'export', ...refs, '--output', output, '--dry-run'], options);
    const done = await provData<Summary>(['ext', 'export', ...refs, '--output', output], options);
    assert.deepEqual([dry.copied, dry.bytes], [done.copied, done.bytes]);
    if (output === 'redis.tar')
      await expectFailure(
        ['ext', 'export', ...refs, '--output', output],
        { code: 'MANAGER_OUTPUT_EXISTS', exit: 11, hint: /--force/ },
        options,
      );
    await provData(['ext', 'export', ...refs, '--output', output, '--force'], options);
    if (output === 'layout') {
      const index = JSON.parse(readFileSync(join(work, 'layout/index.json'), 'utf8')) as {
        manifests: { annotations?: Record<string, string> }[];
      };
      const names = index.manifests.flatMap(({ annotations }) => (annotations ? [annotations] : []));
      assert.deepEqual(names, [
        {
          'io.containerd.image.name': `${from.host}/team/redis:7.0.0`,
          'org.opencontainers.image.ref.name': '7.0.0',
        },
        {
          'io.containerd.image.name': `${from.host}/team/redis:7.2.0`,
          'org.opencontainers.image.ref.name': '7.2.0',
        },
      ]);
    }
    const imported = await provData<Summary>(['ext', 'import', output, '--to', to.host], options);
    assert.equal(imported.items.length, 2);
    assert.deepEqual(tagsOf(to, 'team/redis'), ['7.0.0', '7.2.0']);
    assert.equal(to.model.repository('team/redis').tags.get('7.2.0'), digest);
    for (const each of attached) assert.ok(to.model.repository('team/redis').manifests.has(each), each);
    await provData(['ext', 'import', output, '--to', to.host, '--namespace', 'enclave'], options);
    assert.deepEqual(tagsOf(to, 'enclave/redis'), ['7.0.0', '7.2.0']);
    await assertNothingHalfDone();
  });
}

test('several repositories in one layout keep their names; push takes what is packed', async (t) => {
  const { work, options, from, to } = await setUp(t);
  const app = writeExtension(work, { name: 'app', version: '1.0.0' });
  const at = ['--registry', from.host, '--namespace', 'other'];
  const { digest } = await provData<{ digest: string }>(['ext', 'push', app, ...at], options);
  const refs = [`${from.host}/team/redis:7.0.0`, `${from.host}/other/app:1.0.0`];
  await provData(['ext', 'export', ...refs, '--output', 'both'], options);
  await provData(['ext', 'import', 'both', '--to', to.host], options);
  assert.deepEqual([tagsOf(to, 'team/redis'), tagsOf(to, 'other/app')], [['7.0.0'], ['1.0.0']]);
  const ambiguous = { code: 'SCHEMAS_REFERENCE_INVALID', exit: 2, message: /several repositories/ };
  await expectFailure(['ext', 'push', 'both', '--registry', to.host], ambiguous, options);

  await provData(['ext', 'pack', app, '--output', 'app.tar'], options);
  await provData(['oci', 'package', app], options);
  for (const [i, form] of ['app.tar', 'app-1.0.0.tar.gz', 'oci-layout:both#other/app:1.0.0'].entries()) {
    const push = ['ext', 'push', form, 'app', '1.0.0', '--registry', to.host, '--namespace', `n${i}`];
    const pushed = await provData<{ digest: string; pushed: boolean }>(push, options);
    assert.deepEqual([pushed.digest, pushed.pushed], [digest, true], form);
    assert.equal(to.model.repository(`n${i}/app`).tags.get('1.0.0'), digest);
  }
  await expectFailure(
    ['ext', 'push', 'app.tar', 'app', '1.0.1', '--registry', to.host],
    { code: 'MANAGER_VERSION_DISAGREES', exit: 2 },
    options,
  );
});

test('--out ndjson tells the bytes of a copy as they go, versioned, and ends with the result', async (t) => {
  const { options, from, to } = await setUp(t, { bytes: CHUNKED, versions: ['7.2.0'] });
  const result = await prov(
    ['ext', 'copy', `${from.host}/team/redis:7.2.0`, `${to.host}/x/redis`, '--out', 'ndjson'],
    options,
  );
  assert.equal(result.code, 0, result.stderr);
  const events = result.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const event of events) commandEventSchema.parse(event);
  const [plan] = events.filter(({ event }) => event === 'transfer.plan');
  assert.ok(plan !== undefined && Number(plan['bytes']) > CHUNKED);
  const items = events.filter(({ event }) => event === 'transfer.item');
  assert.equal(items.length, plan['items']);
  const progress = events.filter(({ event }) => event === 'transfer.progress');
  const large = progress.filter(({ size }) => Number(size) > CHUNKED);
  assert.deepEqual([large[0]!['done'], large.at(-1)!['done']], [0, large.at(-1)!['size']]);
  assert.deepEqual([events.at(-1)!['event'], events.at(-1)!['ok']], ['done', true]);
});
