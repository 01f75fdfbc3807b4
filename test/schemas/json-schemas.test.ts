import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { digestOf } from '#base';
import {
  extensionManifestSchema,
  indexDocumentSchema,
  infraSettingsSchema,
  lockSchema,
  provisioningFileSchema,
  resolutionFailureSchema,
  scriptEventSchema,
  serviceDefinitionSchema,
} from '#schemas';
import { projectRoot } from '../support/project.js';

const content = { mediaType: 'application/octet-stream', digest: digestOf('x'), size: 1 };
const schemas = {
  manifest: extensionManifestSchema,
  provisioning: provisioningFileSchema,
  'infra-settings': infraSettingsSchema,
  lock: lockSchema,
  index: indexDocumentSchema,
  'resolution-failure': resolutionFailureSchema,
  'script-event': scriptEventSchema,
  service: serviceDefinitionSchema,
};
/** A full value of each, whether the format is strict about unknown keys, and values that are wrong. */
const samples: Record<keyof typeof schemas, { good: object; strict: boolean; bad: readonly object[] }> = {
  manifest: {
    good: {
      schema: 1,
      name: 'redis',
      type: 'taskserv',
      version: '1.0.0',
      description: 'A cache.',
      license: 'MIT',
      platforms: ['linux/amd64'],
      dependencies: { os: '^1', zlib: { version: '>=1,<2', kind: 'taskserv' } },
      provides: { cache: '1.0.0' },
      scripts: { install: 'scripts/install.sh' },
      components: ['redis', { name: 'web' }],
      health: { check: 'tcp', port: 'redis' },
      assets: [{ name: 'a', source: 'file:a', sha256: '0'.repeat(64), size: 1 }],
    },
    strict: true,
    bad: [
      { type: 'task' },
      { schema: 2 },
      { description: '' },
      { scripts: { install: '../x' } },
      { assets: [{}] },
    ],
  },
  provisioning: {
    good: {
      schema: 1,
      workspace: { name: 'shop' },
      mode: 'solo',
      registries: [{ id: 'main', url: 'localhost:5000', namespace: 'team' }],
      dependencies: { extensions: { modules: { taskservs: { redis: '^7' }, clusters: ['web@^1'] } } },
      resolution: { strategy: 'latest' },
      security: { tls_verify: true },
    },
    strict: true,
    bad: [
      { mode: 'none' },
      { workspace: {} },
      { registries: [{ url: 'x' }] },
      { resolution: { strategy: 'x' } },
    ],
  },
  'infra-settings': {
    good: {
      schema: 1,
      provider: 'local',
      servers: [{ name: 'web-1', taskservs: ['redis', { name: 'os' }] }],
    },
    strict: true,
    bad: [{ servers: [] }, { provider: 1 }, { servers: [{}] }],
  },
  lock: {
    good: {
      lockVersion: 1,
      inputs: { 'config/provisioning.yaml': digestOf('x') },
      policy: { strategy: 'latest', prerelease: 'if-named', platforms: ['linux/amd64'] },
      extensions: [
        {
          kind: 'taskserv',
          name: 'redis',
          version: '1.0.0',
          source: { registry: 'main', repository: 'team/redis' },
          manifest: content,
          config: content,
          layers: [content],
          dependencies: [],
          requiredBy: ['x'],
        },
      ],
    },
    strict: true,
    bad: [{ lockVersion: 2 }, { extensions: {} }, { policy: {} }],
  },
  index: {
    good: {
      v: 1,
      repository: 'team/redis',
      entries: [{ version: '1.0.0', digest: digestOf('x'), size: 1, kind: 'taskserv', deps: {} }],
    },
    strict: false,
    bad: [{ v: 2 }, { entries: [{}] }],
  },
  'resolution-failure': {
    good: {
      schema: 1,
      type: 'unsatisfiable',
      headline: 'No version of redis is in ^9.',
      lines: ['1. config/provisioning.yaml:3 (workspace) requires redis ^9.'],
      available: ['redis 7.2.0'],
      hints: [],
      fixes: [{ commands: ['prov dep add taskserv/redis@^7'], summary: 'x', result: { redis: '7.2.0' } }],
      minimal: true,
      packages: [{ name: 'redis', versions: ['7.2.0'], role: 'extension' }],
      facts: [
        {
          terms: [{ package: 0, versions: [], absent: true }],
          cause: { type: 'requirement', range: '^9', origin: { file: 'a', line: 3, layer: 'workspace' } },
        },
      ],
      steps: [{ left: 0, right: 1, pivot: 0, terms: [] }],
    },
    strict: false,
    bad: [{ schema: 2 }, { type: 'x' }, { facts: [{ terms: [], cause: { type: 'x' } }] }, { steps: [{}] }],
  },
  'script-event': {
    good: {
      type: 'result',
      status: 'done',
      changed: true,
      outputs: { port: 1 },
      services: [{ name: 'a', argv: ['a'] }],
    },
    strict: false,
    bad: [{ type: 'other' }, { changed: 'yes' }, { services: [{ name: 'a' }] }],
  },
  service: {
    good: { name: 'redis', argv: ['redis-server'], env: { A: '1' }, ports: { redis: 6379 }, stop_seconds: 3 },
    strict: true,
    bad: [{ argv: [] }, { ports: { redis: 70_000 } }, { name: 'Redis' }],
  },
};

for (const [name, { good, strict, bad }] of Object.entries(samples)) {
  test(`${name}.schema.json takes and refuses what prov takes and refuses`, () => {
    const file = join(projectRoot, 'schemas/json', `${name}.schema.json`);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
    const own = schemas[name as keyof typeof schemas];
    const judge = (value: object) => [validate(value), own.safeParse(value).success];
    assert.deepEqual(judge(good), [true, true], JSON.stringify(validate.errors));
    assert.deepEqual(judge({ ...good, no_such_key: 1 }), [!strict, !strict]);
    for (const change of bad)
      assert.deepEqual(judge({ ...good, ...change }), [false, false], JSON.stringify(change));
    for (const key of ['schema', 'lockVersion', 'v', 'type', 'argv'].filter((each) => each in good)) {
      const { [key as keyof typeof good]: _, ...rest } = good;
      assert.deepEqual(judge(rest), [false, false], `without ${key}`);
    }
  });
}
