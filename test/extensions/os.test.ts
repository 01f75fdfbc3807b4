import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SCRIPT_EXIT } from '#schemas';
import { accounts, Stage } from './harness.js';

const OS = 'taskservs/os';

for (const account of accounts()) {
  describe(`taskserv os as ${account.label}`, async () => {
    const stage = new Stage(account);
    const created = await stage.run('providers/local', 'create', {
      input: { server: 'one' },
      config: { root: stage.serversRoot },
    });
    const prefix = created.outputs['prefix'] as string;
    const target = { provider: 'local', server: 'one', prefix };
    after(() => stage.remove());

    test('install keeps the facts, check finds them, a second install changes nothing, uninstall undoes it', async () => {
      assert.equal((await stage.run(OS, 'check', { target })).result.status, 'absent');
      const first = await stage.run(OS, 'install', { target });
      assert.equal(first.code, 0, first.stderr);
      assert.equal(first.result.changed, true);
      assert.equal(first.outputs['os'], process.platform);
      assert.equal(first.outputs['node'], process.versions.node);
      assert.ok((first.outputs['cpus'] as number) >= 1 && (first.outputs['memory_mb'] as number) > 0);
      assert.deepEqual(
        JSON.parse(readFileSync(join(prefix, 'etc', 'os', 'facts.json'), 'utf8')),
        first.outputs,
      );
      assert.equal((await stage.run(OS, 'check', { target })).result.status, 'done');
      assert.equal((await stage.run(OS, 'install', { target })).result.changed, false);
      assert.equal(
        (await stage.run(OS, 'check', { target, config: { min_cpus: 2 } })).result.status,
        'absent',
      );
      assert.equal((await stage.run(OS, 'health', { target })).result.status, 'healthy');
      assert.equal((await stage.run(OS, 'uninstall', { target })).result.changed, true);
      assert.equal((await stage.run(OS, 'check', { target })).result.status, 'absent');
    });

    test('every unmet prerequisite is named, and never retried', async () => {
      const config = {
        min_cpus: 100_000,
        min_disk_mb: 1e12,
        min_node: '99.0.0',
        required_commands: ['no-such-tool', 'sh'],
      };
      const run = await stage.run(OS, 'install', { target, config });
      assert.equal(run.code, SCRIPT_EXIT.invalid);
      assert.match(
        run.stderr,
        /100000 processors are needed, there are \d+; .*free disk.*; Node 99\.0\.0.*; the program 'no-such-tool' is needed/,
      );
      assert.doesNotMatch(run.stderr, /'sh'/);
      assert.equal((await stage.run(OS, 'health', { target, config })).result.status, 'unhealthy');
    });

    test('a request that is no JSON, or of another contract, is refused', async () => {
      const run = await stage.run(OS, 'install', { target, contract: 2 });
      assert.equal(run.code, SCRIPT_EXIT.invalid);
      assert.match(run.stderr, /speaks contract 1, the request says 2/);
    });
  });
}
