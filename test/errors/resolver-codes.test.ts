import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MetadataSource, resolve } from '#resolver';

const requirement = {
  registry: 'main',
  repository: 'team/redis',
  range: '^1',
  kind: 'taskserv' as const,
  origin: { file: 'config/provisioning.yaml', line: 3, layer: 'workspace' },
};
const ask = (versions: readonly string[]) => {
  const source: MetadataSource = { versions: async () => ({ versions, location: 'registry main' }) };
  return resolve({ requirements: [requirement], source, platforms: ['linux/amd64'], provVersion: '0.1.0' });
};

test('a source that lists a version and knows nothing of it is told so', async () => {
  await assert.rejects(ask(['1.0.0']), { code: 'RESOLVER_FACTS_MISSING' });
});

test('a version that is listed twice is damage, not a choice', async () => {
  await assert.rejects(ask(['1.0.0', '1.0.0']), { code: 'RESOLVER_VERSION_DUPLICATE' });
});
