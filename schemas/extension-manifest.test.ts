import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#base';
import { configBlob, configBlobSchema, dependencyFacts, dependencyFactsSchema } from './config-blob.js';
import { parseExtensionManifest } from './extension-manifest.js';

const HEX = '0'.repeat(64);
const GOLDEN = `$schema: ../schemas/manifest.schema.json
x-team: [payments]
schema: 1
name: redis
type: taskserv
version: 7.2.0
description: Redis for caches.
license: Apache-2.0 OR MIT
platforms: [linux/amd64, linux/arm64/v8]
compatibility: { provisioning: ">=0.1.0,<2.0.0" }
dependencies:
  os: ^1.0.0
  zlib: { version: ">=1.2.0,<2.0.0", kind: taskserv, wait_for_health: true }
optional_dependencies:
  monitoring: "*"
conflicts: { memcached: "<1.6.0" }
provides:
  cache: 1.0.0
  kv: { version: 2.0.0, exclusive: true }
scripts: { install: scripts/install.sh, check: scripts/check.sh }
permissions: { network: ["listen:redis"], sudo: false }
health: { check: tcp, port: redis }
assets:
  - { name: redis.tar.gz, source: "https://example.test/redis.tar.gz", sha256: "${HEX}", size: 10, platform: linux/amd64 }
`;
const parse = (text: string) => parseExtensionManifest(text, 'manifest.yaml', '0.1.0').value;
const MINIMAL = ['schema: 1', 'name: redis', 'type: taskserv', 'version: 1.0.0', 'description: A cache.'];
/** The minimal manifest with some lines replaced by their key, and more appended. */
function minimal(...changes: string[]): string {
  const keyOf = (line: string) => line.split(':')[0];
  const kept = MINIMAL.map((line) => changes.find((change) => keyOf(change) === keyOf(line)) ?? line);
  const added = changes.filter((change) => !kept.includes(change));
  return `${[...kept, ...added].join('\n')}\n`;
}

test('the config blob of the golden manifest is exactly these bytes', () => {
  const blob = Buffer.from(configBlob(parse(GOLDEN))).toString();
  assert.equal(
    blob,
    '{"assets":[{"name":"redis.tar.gz","platform":"linux/amd64","sha256":"' +
      `${HEX}","size":10,"source":"https://example.test/redis.tar.gz"}],` +
      '"compatibility":{"provisioning":">=0.1.0 <2.0.0"},"conflicts":{"memcached":"<1.6.0"},' +
      '"dependencies":{"os":{"version":"^1.0.0"},"zlib":{"kind":"taskserv","version":">=1.2.0 <2.0.0","wait_for_health":true}},' +
      '"description":"Redis for caches.","health":{"check":"tcp","interval_seconds":1,"port":"redis","retries":30,"timeout_seconds":10},' +
      '"license":"Apache-2.0 OR MIT","name":"redis","optional_dependencies":{"monitoring":{"version":"*"}},' +
      '"permissions":{"network":["listen:redis"],"sudo":false},"platforms":["linux/amd64","linux/arm64/v8"],' +
      '"provides":{"cache":{"version":"1.0.0"},"kv":{"exclusive":true,"version":"2.0.0"}},"schema":1,' +
      '"scripts":{"check":"scripts/check.sh","install":"scripts/install.sh"},"type":"taskserv","version":"7.2.0"}',
  );
  assert.doesNotMatch(blob, /x-team|\$schema/);
});

test('comments, order and spelling do not change the config blob', () => {
  const [first, ...rest] = MINIMAL;
  const other = `# a comment\n${[...rest].reverse().join('\n')}\n${first}\n`.replace(
    'version: 1.0.0',
    'version: "v1.0.0"',
  );
  assert.equal(digestOf(configBlob(parse(other))), digestOf(configBlob(parse(minimal()))));
});

test('the facts are what a resolver needs, and nothing that is absent', () => {
  const facts = dependencyFacts(parse(GOLDEN));
  assert.deepEqual(Object.keys(facts).sort(), [
    'compatibility',
    'conflicts',
    'dependencies',
    'optional_dependencies',
    'platforms',
    'provides',
  ]);
  assert.deepEqual(dependencyFacts(parse(minimal())), {});
  assert.deepEqual(dependencyFacts(parse(minimal('min_provisioning_version: 0.1.0'))), {
    compatibility: { provisioning: '>=0.1.0' },
  });
});

test('a manifest for a newer prov says so before anything else is looked at', () => {
  const newer = { code: 'SCHEMAS_NEEDS_NEWER_PROV' };
  assert.throws(() => parse('schema: 2\nnew_key: 1\nname: 5\n'), {
    ...newer,
    message: 'manifest.yaml needs prov with manifest schema 2, this is prov 0.1.0',
  });
  assert.throws(() => parse(minimal('compatibility: { provisioning: ">=9.0.0" }', 'unknown: 1')), {
    ...newer,
    message: 'manifest.yaml needs prov >=9.0.0, this is prov 0.1.0',
  });
  assert.throws(() => parse(minimal('min_provisioning_version: 1.0.0', 'unknown: 1')), newer);
  assert.equal(parse(minimal('compatibility: { provisioning: ">=0.1.0,<1" }')).name, 'redis');
  const preview = parseExtensionManifest(minimal('min_provisioning_version: 0.1.0'), 'm', '0.2.0-rc.1');
  assert.equal(preview.value.name, 'redis');
});

test('an unknown key is told with its place and what was meant', () => {
  const table: [string, RegExp, RegExp][] = [
    [minimal('dependancies: {}'), /^manifest\.yaml:6:1: unknown key "dependancies"$/, /"dependencies"/],
    [minimal('health: { check: tcp, prot: a }'), /:6:23: unknown key "prot"$/, /"port"/],
    [
      minimal('dependencies:', '  os: { version: "1", kinds: taskserv }'),
      /:7:\d+: unknown key "kinds"$/,
      /"kind"/,
    ],
    [minimal('permissions: { sudo: true, netwrok: [] }'), /unknown key "netwrok"$/, /"network"/],
    [minimal('build: { exlude: [] }'), /unknown key "exlude"$/, /"exclude"/],
    [
      minimal('assets:', `  - { name: a, source: "file:a", sha256: "${HEX}", sise: 1 }`),
      /:7:\d+: unknown key "sise"$/,
      /"size"/,
    ],
  ];
  for (const [text, message, hint] of table)
    assert.throws(() => parse(text), { code: 'SCHEMAS_KEY_UNKNOWN', message, hint }, text);
  assert.throws(() => parse(minimal('name: a1', 'name: redis')), { code: 'SCHEMAS_KEY_DUPLICATE' });
});

test('a wrong value is told with its place', () => {
  const wrong = [
    'name: Redis',
    'name: a',
    'type: task',
    'type: [taskserv]',
    'description: ""',
    `description: "${'x'.repeat(513)}"`,
    'license: "not a license!"',
    'homepage: nowhere',
    'platforms: []',
    'platforms: [Linux]',
    'dependencies: { os: latest }',
    'dependencies: { Os: "1" }',
    'dependencies: [os]',
    'conflicts: { os: one }',
    'provides: { x: "1.0" }',
    'scripts: { install: ../install.sh }',
    'scripts: { install: /bin/sh }',
    'scripts: { install: a\\b }',
    'scripts: { Install: a.sh }',
    `assets: [{ name: ../a, source: "file:a", sha256: "${HEX}" }]`,
    `assets: [{ name: a, source: "http://x/a", sha256: "${HEX}" }]`,
    `assets: [{ name: a, source: "npm:left-pad", sha256: "${HEX}" }]`,
    'assets: [{ name: a, source: "file:a", sha256: abc }]',
    `assets: [{ name: a, source: "file:a", sha256: "${HEX}", size: 0 }]`,
    'health: { check: ping }',
    'schema: 0',
    'schema: "1"',
  ];
  for (const line of wrong)
    assert.throws(
      () => parse(minimal(line)),
      (error: { code: string; message: string }) => {
        assert.equal(error.code, 'SCHEMAS_VALUE_INVALID', line);
        assert.match(error.message, /^manifest\.yaml:\d+:\d+: \S+: ./, line);
        return true;
      },
    );
  assert.throws(() => parse('schema: 1\n'), { code: 'SCHEMAS_VALUE_INVALID', message: /name: is missing/ });
});

test('a version that is none says what to write', () => {
  for (const [line, hint] of [
    ['version: 15.0', /15\.0\.0/],
    ['version: "15.0"', /15\.0\.0/],
    ['version: latest', /moving name/],
    ['version: 1.2.3.4', /Write /],
  ] as const)
    assert.throws(
      () => parse(minimal(line)),
      { code: 'SCHEMAS_VALUE_INVALID', message: /^manifest\.yaml:4:1: version: /, hint },
      line,
    );
  assert.equal(parse(minimal('version: v1.2.3')).version, '1.2.3');
});

test('what comes over the wire may hold members that we do not know', () => {
  const config = {
    schema: 1,
    name: 'redis',
    type: 'taskserv',
    version: '1.0.0',
    description: '',
    later: { a: 1 },
  };
  assert.deepEqual(configBlobSchema.parse(config), config);
  const facts = { dependencies: { os: { version: '^1', later: true } }, later: [1] };
  assert.deepEqual(dependencyFactsSchema.parse(facts), facts);
  assert.equal(configBlobSchema.safeParse({ ...config, version: '1.0' }).success, false);
});
