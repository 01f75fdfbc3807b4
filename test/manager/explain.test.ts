import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outdated, resolveWorkspace, whyLocked, whyNot } from '#manager';
import { resolutionFailureSchema } from '#schemas';
import { isolatedEnvironment, prov } from '../support/prov.js';
import { openShop, openSite, reopen } from './site.js';

test('why, why-not, outdated and check-updates tell of a held back extension, and offline too', async (t) => {
  const site = await openSite(t);
  const publish = (name: string, version: string, dependencies: object = {}) =>
    site.publish({ name, version, manifest: { dependencies } });
  await publish('redis', '6.2.14');
  await publish('gitlab', '16.8.0', { redis: '^6' });
  const first = await openShop(site, { gitlab: '^16', redis: '>=6' });
  const { lock } = await resolveWorkspace({ workspace: first, install: false }, site.context);
  assert.equal(lock.extensions.length, 2);
  await publish('redis', '6.2.15');
  await publish('redis', '7.2.4');
  await publish('gitlab', '16.9.1', { redis: '^6' });
  await publish('gitlab', '17.0.0', { redis: '^7' });
  const workspace = await reopen(site, first.root);

  const [why] = await whyLocked(workspace, 'redis');
  assert.deepEqual(
    why!.requiredBy.map(({ by, range }) => [by, range]),
    [
      ['the workspace', '>=6'],
      ['gitlab 16.8.0', '^6'],
    ],
  );
  assert.match(why!.requiredBy[0]!.origin!, /^config\/provisioning\.yaml:\d+$/);
  await assert.rejects(whyLocked(workspace, 'rediss'), { code: 'MANAGER_UPDATE_UNKNOWN' });

  const rows = await outdated({ workspace }, site.context);
  assert.deepEqual(
    rows.map(({ name, current, upgradable, resolvable, latest }) => [
      name,
      current,
      upgradable,
      resolvable,
      latest,
    ]),
    [
      ['gitlab', '16.8.0', '16.9.1', '17.0.0', '17.0.0'],
      ['redis', '6.2.14', '6.2.15', '7.2.4', '7.2.4'],
    ],
  );
  assert.match(rows[0]!.reasons.join(), /provisioning\.yaml:\d+ \(workspace\) asks for \^16/);
  assert.match(rows[1]!.reasons.join(), /gitlab 16\.9\.1 asks for \^6/);
  const offline = await outdated({ workspace }, { ...site.context, offline: true });
  assert.deepEqual(offline, rows);

  const no = await whyNot({ workspace, name: 'redis', version: '7.2.4' }, site.context);
  assert.equal(no.possible, false);
  assert.match(no.explanation!, /gitlab.*depends on redis \^6/);
  resolutionFailureSchema.parse(no.failure);
  const yes = await whyNot({ workspace, name: 'taskserv/gitlab', version: '16.9.1' }, site.context);
  assert.deepEqual([yes.possible, yes.changes], [true, []]);

  const options = { cwd: workspace.root, env: isolatedEnvironment(site.home) };
  const updates = await prov(['check-updates', '--exit-code'], options);
  assert.equal(updates.code, 12, updates.stderr);
  assert.equal(updates.stdout, 'taskserv gitlab 16.8.0 → 16.9.1\ntaskserv redis 6.2.14 → 6.2.15\n');
  const table = await prov(['outdated', 'redis', '--exit-code', '--out', 'json'], options);
  assert.deepEqual([table.code, (table.json.data as unknown[]).length], [12, 1]);
  assert.match((await prov(['why', 'redis'], options)).stdout, /gitlab 16\.8\.0 requires redis \^6/);
  const asked = await prov(['why-not', 'redis@7.2.4', '--explain', 'tree'], options);
  assert.equal(asked.code, 0, asked.stderr);
  assert.match(asked.stdout, /├─ .*\n[\s\S]*✗/);
  assert.equal((await prov(['why-not', 'redis'], options)).code, 2);
});
