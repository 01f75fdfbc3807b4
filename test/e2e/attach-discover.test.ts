import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { expectFailure } from '../support/failures.js';
import { prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

interface Node {
  relation: string;
  digest: string;
  artifactType?: string;
  nodes: Node[];
}
interface Discovered {
  tree: Node;
  uncertain: { reason: string }[];
}
interface Attached {
  digest: string;
  artifactType: string;
  files: { title: string; mediaType: string }[];
}

for (const referrersApi of [true, false]) {
  test(`attached files are found again as a tree (registry ${referrersApi ? 'with' : 'without'} the referrers API)`, async (t) => {
    const registry = await startFaultRegistry({ referrersApi });
    t.after(() => registry.close());
    const { work, options, assertNothingHalfDone } = createSandbox(t);
    const at = ['--registry', registry.host, '--namespace', 'team'];
    await provData(
      ['ext', 'push', writeExtension(work, { name: 'redis', version: '7.2.0' }), ...at],
      options,
    );
    writeFileSync(join(work, 'sbom.json'), JSON.stringify({ spdxVersion: 'SPDX-2.3' }));
    writeFileSync(join(work, 'bom.json'), JSON.stringify({ bomFormat: 'CycloneDX' }));
    writeFileSync(join(work, 'scan.txt'), 'nothing found\n');
    mkdirSync(join(work, 'reports'));
    writeFileSync(join(work, 'reports', 'a.txt'), 'a');
    const attach = (...args: string[]) => provData<Attached>(['ext', 'attach', ...args, ...at], options);

    const sbom = await attach('redis:7.2.0', 'sbom.json');
    assert.deepEqual(
      [sbom.artifactType, sbom.files],
      ['application/spdx+json', [{ title: 'sbom.json', mediaType: 'application/spdx+json', size: 26 }]],
    );
    assert.equal((await attach('redis:7.2.0', 'bom.json')).artifactType, 'application/vnd.cyclonedx+json');
    const scan = await attach(
      'redis:7.2.0',
      'scan.txt:text/plain',
      'reports',
      '--artifact-type',
      'application/vnd.acme.scan',
      '--annotation',
      'stage=prod',
    );
    assert.deepEqual(
      scan.files.map(({ title, mediaType }) => [title, mediaType]),
      [
        ['scan.txt', 'text/plain'],
        ['reports', 'application/vnd.oci.image.layer.v1.tar+gzip'],
      ],
    );
    const again = await attach('redis:7.2.0', 'sbom.json');
    assert.equal(again.digest, sbom.digest, 'the same file attaches under the same digest');
    const below = await attach(
      `redis@${sbom.digest}`,
      'scan.txt',
      '--artifact-type',
      'application/vnd.acme.note',
    );

    const discover = (...args: string[]) =>
      provData<Discovered>(['ext', 'discover', 'redis:7.2.0', ...args, ...at], options);
    const { tree, uncertain } = await discover();
    assert.deepEqual(uncertain, []);
    assert.deepEqual(tree.nodes.map(({ artifactType }) => artifactType).sort(), [
      'application/spdx+json',
      'application/vnd.acme.scan',
      'application/vnd.cyclonedx+json',
    ]);
    const found = tree.nodes.find(({ digest }) => digest === sbom.digest);
    assert.deepEqual(
      found?.nodes.map(({ digest }) => digest),
      [below.digest],
    );

    const notes = await discover('--artifact-type', 'application/vnd.acme.n*');
    assert.deepEqual(
      notes.tree.nodes.map((node) => [node.digest, node.nodes.map(({ digest }) => digest)]),
      [[sbom.digest, [below.digest]]],
      'what leads to a match is shown too',
    );
    assert.deepEqual(
      (await discover('--annotation', 'stage=pr*')).tree.nodes.map(({ digest }) => digest),
      [scan.digest],
    );
    assert.deepEqual(
      (await discover('--depth', '1')).tree.nodes.flatMap(({ nodes }) => nodes),
      [],
    );
    const text = await prov(['ext', 'discover', 'redis:7.2.0', ...at], options);
    assert.match(text.stdout, /├── application\/.*\n/);
    assert.match(
      text.stdout,
      /│ {2} └── application\/vnd\.acme\.note\n| {4}└── application\/vnd\.acme\.note\n/,
    );
    const table = await prov(['ext', 'discover', 'redis:7.2.0', ...at, '--out', 'table'], options);
    assert.match(table.stdout, /^RELATION +ARTIFACT TYPE +SIZE +DIGEST\n/);
    await assertNothingHalfDone();
  });
}

test('an answer outside the specification leaves doubt: exit 10, and the reason', async (t) => {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const { work, options } = createSandbox(t);
  const at = ['--registry', registry.host, '--namespace', 'team'];
  await provData(['ext', 'push', writeExtension(work, { name: 'redis' }), ...at], options);
  registry.fault({ path: /\/referrers\//, times: 100, does: { answer: { status: 406 } } });
  const result = await prov(['ext', 'discover', 'redis:1.0.0', ...at, '--out', 'json'], options);
  assert.equal(result.code, 10, result.stdout);
  const { uncertain } = result.json.data as Discovered;
  assert.equal(uncertain.length, 1);
  assert.match(uncertain[0]!.reason, /406/);
});

test('what cannot be attached is refused before anything is sent', async (t) => {
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const { work, options } = createSandbox(t);
  const at = ['--registry', registry.host, '--namespace', 'team'];
  await provData(['ext', 'push', writeExtension(work, { name: 'redis' }), ...at], options);
  writeFileSync(join(work, 'a.txt'), 'a');
  mkdirSync(join(work, 'other'));
  writeFileSync(join(work, 'other', 'a.txt'), 'a');
  const sent = () => registry.seen.filter(({ method }) => !['GET', 'HEAD'].includes(method)).length;
  const before = sent();
  const cases: [string[], { code: string; exit: number; message: RegExp }][] = [
    [['a.txt'], { code: 'MANAGER_ATTACH_INVALID', exit: 2, message: /artifact type is not known/ }],
    [
      ['a.txt', '--artifact-type', 'nonsense'],
      { code: 'MANAGER_ATTACH_INVALID', exit: 2, message: /"nonsense" is not a media type/ },
    ],
    [
      ['a.txt', 'other/a.txt', '--artifact-type', 'a/b'],
      { code: 'MANAGER_ATTACH_INVALID', exit: 2, message: /two files are called a\.txt/ },
    ],
    [['missing', '--artifact-type', 'a/b'], { code: 'BASE_FILE_MISSING', exit: 5, message: /missing/ }],
    [
      ['a.txt', '--artifact-type', 'a/b', '--annotation', 'x'],
      { code: 'CLI_USAGE', exit: 2, message: /takes KEY=VALUE/ },
    ],
  ];
  for (const [args, expected] of cases)
    await expectFailure(['ext', 'attach', 'redis:1.0.0', ...args, ...at], expected, options);
  const dry = await provData<{ attached: boolean }>(
    ['ext', 'attach', 'redis:1.0.0', 'a.txt', '--artifact-type', 'a/b', '--dry-run', ...at],
    options,
  );
  assert.equal(dry.attached, false);
  assert.equal(sent(), before);
});
