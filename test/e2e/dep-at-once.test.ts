import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveWorkspace } from '#manager';
import { parseLock } from '#schemas';
import { reopen } from '../manager/site.js';
import { listFiles } from '../support/files.js';
import { openDepSite } from './dep-site.js';

test('several commands that change one workspace at once: each is done on what the others left, and none is lost', async (t) => {
  const at = await openDepSite(t, { web: '^1' });
  const added = ['aa', 'bb', 'cc'];
  for (const name of added) await at.site.publish({ name, manifest: { dependencies: { os: '^1' } } });
  assert.equal((await at.dep('resolve')).code, 0);
  const results = await Promise.all([
    ...added.map((name) => at.dep(`add taskserv/${name}@^1`)),
    at.dep('remove web'),
    at.dep('resolve'),
    at.dep('update'),
  ]);
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  assert.ok(results.some(({ stderr }) => stderr.includes('waiting for another prov')));
  const lock = parseLock(at.lock(), at.lockFile);
  assert.deepEqual(
    lock.extensions.map(({ name, requiredBy }) => [name, requiredBy.join()]),
    [
      ['aa', '(workspace)'],
      ['bb', '(workspace)'],
      ['cc', '(workspace)'],
      ['os', 'aa,bb,cc'],
    ],
  );
  assert.equal((await at.dep('resolve --locked')).code, 0, 'lock and requirements are of one mind');
  const left = [...listFiles(join(at.root, 'config')), ...listFiles(join(at.root, '.cache'))];
  assert.deepEqual(
    left.filter((path) => /\.(?:lock|tmp|break)$/.test(path)),
    [],
  );
});

test('a lock that something else changed while it was resolved is not overwritten', async (t) => {
  const at = await openDepSite(t, { web: '^1' });
  const workspace = await reopen(at.site, at.root);
  const resolved = await resolveWorkspace({ workspace, install: false }, at.site.context);
  const before = at.lock();
  const update = { names: ['os'], to: '1.0.0' };
  const change = (beforeWrite: () => Promise<boolean>) =>
    resolveWorkspace({ workspace, update, install: false, confirm: beforeWrite }, at.site.context);
  await assert.rejects(
    change(async () => {
      writeFileSync(at.lockFile, `${before}# another\n`);
      return true;
    }),
    { code: 'WORKSPACE_FILE_CHANGED' },
  );
  assert.equal(at.lock(), `${before}# another\n`);
  writeFileSync(at.lockFile, before);
  const { lockChanged } = await change(async () => true);
  assert.equal(lockChanged, true);
  assert.equal(resolved.lock.extensions.find(({ name }) => name === 'os')!.version, '1.1.0');
});
