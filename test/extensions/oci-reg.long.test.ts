import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SCRIPT_EXIT } from '#schemas';
import { Deployment, succeeded } from './deployment.js';
import { accounts, canRead, processesNaming, repository } from './harness.js';

const REGISTRY = 'taskservs/oci-reg';
const program = join(repository, 'dist', 'prov.cjs');
const prov = [process.execPath, program];

for (const account of accounts()) {
  const skip = !existsSync(program) || !canRead(account, program);
  describe(`taskserv oci-reg as ${account.label}`, { skip }, async () => {
    const deployment = new Deployment(account);
    await deployment.create();
    const state = join(deployment.prefix, 'var', 'oci-reg');
    after(async () => {
      await deployment.remove();
      assert.deepEqual(processesNaming(deployment.stage.dir), []);
    });

    test('without a prov to start it is refused', async () => {
      assert.equal((await deployment.run(REGISTRY, 'install')).code, SCRIPT_EXIT.invalid);
    });

    test('the registry answers, keeps what is pushed over a restart, and is unhealthy when stopped', async () => {
      const run = await deployment.install(REGISTRY, { prov });
      const url = run.outputs['url'] as string;
      assert.equal(statSync(state).mode & 0o777, 0o700);
      const digest = await pushBlob(url);
      const blob = `${url}/v2/some/thing/blobs/${digest}`;
      assert.equal((await fetch(blob)).status, 200);
      assert.equal(succeeded(await deployment.run(REGISTRY, 'install', { prov })).result.changed, false);
      assert.equal((await deployment.run(REGISTRY, 'check')).result.status, 'done');
      await deployment.provider('stop');
      assert.equal((await deployment.run(REGISTRY, 'health')).result.status, 'unhealthy');
      await deployment.provider('start');
      await deployment.untilHealth(REGISTRY, 'healthy');
      assert.equal(await (await fetch(blob)).text(), 'content');
    });

    test('uninstall keeps the content; rollback removes it only when it is sure that this run made it', async () => {
      await deployment.provider('stop');
      assert.equal(succeeded(await deployment.run(REGISTRY, 'uninstall')).result.changed, true);
      assert.equal((await deployment.run(REGISTRY, 'check')).result.status, 'absent');
      succeeded(await deployment.run(REGISTRY, 'install', { prov, idempotency_key: 'k-2' }));
      succeeded(await deployment.run(REGISTRY, 'rollback', { input: { updated: false } }));
      assert.ok(existsSync(join(state, 'data')), 'it was there before');
    });

    test('runs as root, and says so, only where the service user cannot read prov', {
      skip: !account.isRoot,
    }, async () => {
      const open = await deployment.run(REGISTRY, 'install', { prov });
      assert.equal(open.result.services?.[0]?.user, 'nobody');
      const closed = join(deployment.stage.dir, 'closed');
      mkdirSync(closed);
      symlinkSync('real.js', join(closed, 'prov.js'));
      writeFileSync(join(closed, 'real.js'), '');
      chmodSync(closed, 0o700);
      const elsewhere = [process.execPath, join(closed, 'prov.js')];
      const run = succeeded(await deployment.run(REGISTRY, 'install', { prov: elsewhere }));
      assert.equal(run.result.services?.[0]?.user, undefined);
      assert.ok(run.events.some((event) => event.type === 'log' && /runs as root/.test(event.message)));
    });
  });
}

async function pushBlob(url: string): Promise<string> {
  const digest = 'sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73';
  const started = await fetch(`${url}/v2/some/thing/blobs/uploads/`, { method: 'POST' });
  assert.equal(started.status, 202);
  const location = new URL(started.headers.get('location')!, url);
  location.searchParams.set('digest', digest);
  const put = await fetch(location, {
    method: 'PUT',
    body: 'content',
    headers: { 'content-type': 'application/octet-stream' },
  });
  assert.equal(put.status, 201);
  return digest;
}
