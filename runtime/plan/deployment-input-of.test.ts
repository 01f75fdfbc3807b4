import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#base';
import type { Module } from '#workspace';
import { sampleModule } from '../testing/sample-modules.js';
import { deploymentInputOf } from './deployment-input-of.js';
import { placeExtensions } from './place-extensions.js';

function loaded(
  kind: 'provider' | 'taskserv' | 'cluster',
  name: string,
  parts: Parameters<typeof sampleModule>[2] = {},
): Module {
  const { manifest, version, dir } = sampleModule(kind, name, parts);
  const config = { values: { from: 'layers' }, provenance: [] };
  return {
    kind,
    name,
    version,
    dir,
    manifest,
    config,
    layer: 'core',
    digest: digestOf(name),
    shadows: [],
    placements: [],
    assets: [],
  };
}

test('a loaded workspace is planned with what each server says, and with the providers that the lock chose', () => {
  const placement = { server: 'one', config: { values: { from: 'server' }, provenance: [] } };
  const asset = { name: 'a.tgz', path: '/a', sha256: '0'.repeat(64), size: 1 };
  const provides = { cache: { version: '1.0.0' } };
  const input = deploymentInputOf({
    workspace: { name: 'shop', root: '/shop' },
    infra: {
      name: 'dev',
      settings: {
        schema: 1,
        provider: 'local',
        servers: [
          { name: 'one', taskservs: [{ name: 'app' }] },
          { name: 'two', provider: 'other', taskservs: [{ name: 'app' }] },
        ],
      },
    },
    modules: [
      loaded('provider', 'local'),
      {
        ...loaded('taskserv', 'app', { dependencies: { cache: { version: '*' } } }),
        placements: [placement],
        assets: [asset],
      },
      loaded('taskserv', 'memcached', { provides }),
      loaded('taskserv', 'redis', { provides }),
    ],
    lock: { capabilities: { cache: 'redis' } },
  });
  assert.deepEqual(
    input.infra.servers.map((server) => server.provider),
    ['local', 'other'],
  );
  const instances = placeExtensions(input);
  assert.deepEqual(
    instances.map((each) => [each.id, each.config['from']]),
    [
      ['one/app', 'server'],
      ['one/redis', 'layers'],
      ['two/app', 'layers'],
      ['two/redis', 'layers'],
    ],
  );
  assert.deepEqual(instances[2]?.dependencies, [
    { instance: 'two/redis', names: ['cache', 'redis'], waitForHealth: false },
  ]);
  assert.deepEqual(input.modules[1]?.assets, { 'a.tgz': { path: '/a', sha256: '0'.repeat(64), size: 1 } });
});

test('clusters may hold clusters', () => {
  const base = { workspace: { name: 'w', root: '/w' }, modules: [] };
  const servers = [{ name: 'one', clusters: [{ name: 'outer' }] }];
  const modules = [
    loaded('provider', 'local'),
    loaded('cluster', 'outer', { components: [{ name: 'inner' }, { name: 'aa' }] }),
    loaded('cluster', 'inner', { components: [{ name: 'bb' }] }),
    loaded('taskserv', 'aa'),
    loaded('taskserv', 'bb'),
  ];
  const infra = { name: 'dev', settings: { schema: 1 as const, provider: 'local', servers } };
  const instances = placeExtensions(deploymentInputOf({ ...base, infra, modules }));
  assert.deepEqual(
    instances.map((each) => each.id),
    ['one/aa', 'one/bb', 'one/cluster/inner', 'one/cluster/outer'],
  );
  assert.deepEqual(
    instances[3]?.dependencies.map((each) => each.instance),
    ['one/aa', 'one/cluster/inner'],
  );
});
