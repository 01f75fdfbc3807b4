import assert from 'node:assert/strict';
import { existsSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SCRIPT_EXIT } from '#schemas';
import { accounts, Stage } from './harness.js';

const NUSHELL = 'taskservs/nushell';
const skip = process.platform !== 'linux' || process.arch !== 'x64';

for (const account of accounts()) {
  describe(`taskserv nushell as ${account.label}`, { skip }, async () => {
    const stage = new Stage(account);
    const created = await stage.run('providers/local', 'create', {
      input: { server: 'one' },
      config: { root: stage.serversRoot },
    });
    const prefix = created.outputs['prefix'] as string;
    const target = { provider: 'local', server: 'one', prefix };
    const run = (op: string, parts = {}) =>
      stage.run(NUSHELL, op, { target, assets: stage.assets(NUSHELL), ...parts });
    after(() => stage.remove());

    test('without its asset nothing is installed', async () => {
      const none = await run('install', { assets: {} });
      assert.equal(none.code, SCRIPT_EXIT.invalid);
      const damaged = stage.assets(NUSHELL);
      const copy = Object.values(damaged)[0]!;
      truncateSync(copy.path, 5_000_000);
      const half = await run('install', { assets: damaged });
      assert.notEqual(half.code, 0);
      assert.deepEqual(readdirSync(join(prefix, 'lib', 'nushell')), []);
      assert.equal((await run('check', { assets: damaged })).result.status, 'absent');
      stage.dropAssets();
    });

    test('installs the program once, answers in nu, and goes without a trace', async () => {
      assert.equal((await run('check')).result.status, 'absent');
      const first = await run('install');
      assert.equal(first.code, 0, first.stderr);
      assert.deepEqual(first.outputs, {
        nu: join(prefix, 'bin', 'nu'),
        version: stage.prepare(NUSHELL).version,
      });
      assert.equal((await run('check')).result.status, 'done');
      assert.equal((await run('install')).result.changed, false);
      const health = await run('health');
      assert.equal(health.code, 0, health.stderr);
      assert.equal(health.result.status, 'healthy');
      const other = await run('health', {
        extension: { kind: 'taskserv', name: 'nushell', version: '0.1.0', dir: '/' },
      });
      assert.equal(other.result.status, 'unhealthy');
      assert.equal((await run('uninstall')).result.changed, true);
      assert.ok(!existsSync(join(prefix, 'bin', 'nu')) && !existsSync(join(prefix, 'lib', 'nushell')));
    });
  });
}
