import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeRequirement, setRequirement } from './index.js';
import { PROVISIONING, sampleWorkspace } from './testing/sample-workspace.js';

const FILE = `# kept
${PROVISIONING}
dependencies:
  extensions:
    modules:
      taskservs:
        # the store
        redis: ^7 # pinned by ops
        web: "*"
      clusters:
        - shop@^1 # list
`;

test('setting a requirement keeps comments, order and everything else', async (t) => {
  const { root } = sampleWorkspace(t, { 'config/provisioning.yaml': FILE });
  const read = () => readFileSync(join(root, 'config/provisioning.yaml'), 'utf8');
  assert.equal(
    (await setRequirement(root, { kind: 'taskserv', name: 'redis', range: '^8.1.0' })).changed,
    true,
  );
  assert.equal(read(), FILE.replace('redis: ^7 #', 'redis: ^8.1.0 #'));
  assert.equal(
    (await setRequirement(root, { kind: 'taskserv', name: 'redis', range: '^8.1.0' })).changed,
    false,
  );
  await setRequirement(root, { kind: 'provider', name: 'local', range: '^1' });
  await setRequirement(root, { kind: 'cluster', name: 'shop', range: '^2' });
  await setRequirement(root, { kind: 'cluster', name: 'mail', range: '>=1.0.0 <3' });
  assert.match(read(), /- shop@\^2 # list\n {8}- mail@>=1\.0\.0 <3\n {6}providers:\n {8}local: \^1\n/);
  await removeRequirement(root, { name: 'shop' });
  await removeRequirement(root, { name: 'web', kind: 'taskserv' });
  assert.doesNotMatch(read(), /shop@|web/);
  assert.match(read(), /# the store\n {8}redis: \^8\.1\.0 # pinned by ops/);
});

test('a requirement is set where there were none', async (t) => {
  const { root, open } = sampleWorkspace(t);
  await setRequirement(root, { kind: 'taskserv', name: 'redis', range: '^7' });
  assert.deepEqual(
    (await open()).requirements.map(({ name, range }) => [name, range]),
    [['redis', '^7']],
  );
});

test('bad names and ranges, an unknown requirement and a broken file change nothing', async (t) => {
  const { root } = sampleWorkspace(t, { 'config/provisioning.yaml': FILE });
  await assert.rejects(setRequirement(root, { kind: 'taskserv', name: 'Redis', range: '^7' }), {
    code: 'SCHEMAS_NAME_INVALID',
  });
  await assert.rejects(setRequirement(root, { kind: 'taskserv', name: 'redis', range: 'latest' }), {
    code: 'SCHEMAS_RANGE_INVALID',
  });
  await assert.rejects(removeRequirement(root, { name: 'rediss' }), {
    code: 'WORKSPACE_REQUIREMENT_UNKNOWN',
    hint: 'Did you mean "redis"?',
  });
  assert.equal(readFileSync(join(root, 'config/provisioning.yaml'), 'utf8'), FILE);
  const broken = sampleWorkspace(t, { 'config/provisioning.yaml': `${FILE}unknown: 1\n` });
  await assert.rejects(setRequirement(broken.root, { kind: 'taskserv', name: 'redis', range: '^8' }), {
    code: 'SCHEMAS_KEY_UNKNOWN',
  });
});
