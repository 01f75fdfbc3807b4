import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SCRIPT_EXIT } from '#schemas';
import { Deployment, succeeded } from './deployment.js';
import { accounts, processesNaming, type ScriptRun } from './harness.js';

const POSTGRES = 'taskservs/postgres';

for (const account of accounts()) {
  describe(`taskserv postgres as ${account.label}`, async () => {
    const deployment = new Deployment(account);
    await deployment.create();
    const at = (...parts: string[]): string => join(deployment.prefix, ...parts);
    const passwordOf = (run: ScriptRun): string =>
      readFileSync(run.outputs['password_file'] as string, 'utf8').trim();
    after(async () => {
      await deployment.remove();
      assert.deepEqual(processesNaming(deployment.stage.dir), []);
    });

    test('installs, runs and is healthy; a second install changes nothing', async () => {
      assert.equal((await deployment.run(POSTGRES, 'check')).result.status, 'absent');
      assert.equal((await deployment.run(POSTGRES, 'health')).result.status, 'unhealthy');
      const first = await deployment.install(POSTGRES);
      assert.equal(first.result.changed, true);
      const health = await deployment.untilHealth(POSTGRES, 'healthy');
      assert.match(health.result.message!, /^PostgreSQL 17\.10/);
      assert.equal((await deployment.run(POSTGRES, 'check')).result.status, 'done');
      const again = succeeded(await deployment.run(POSTGRES, 'install'));
      assert.equal(again.result.changed, false);
      assert.deepEqual(again.outputs, first.outputs);
      assert.deepEqual(again.result.services, first.result.services);
    });

    test('the password is in its file alone, and the data is closed to others', async () => {
      const run = await deployment.run(POSTGRES, 'install');
      const password = passwordOf(run);
      assert.ok(password.length >= 32);
      assert.ok(!JSON.stringify(run).includes(password));
      assert.ok(!readFileSync(at('log', 'postgres.log'), 'utf8').includes(password));
      for (const name of ['user.password', 'superuser.password']) {
        const info = statSync(at('etc', 'postgres', name));
        assert.equal(info.mode & 0o777, 0o600);
        assert.equal(info.uid !== 0, true);
      }
      const data = statSync(at('var', 'postgres', 'data'));
      assert.equal(data.mode & 0o777, 0o700);
      assert.notEqual(data.uid, 0);
    });

    test('stopping it makes the check fail; started again it has its data', async () => {
      await deployment.provider('stop', { services: ['postgres'] });
      assert.equal((await deployment.run(POSTGRES, 'health')).result.status, 'unhealthy');
      assert.ok(!existsSync(at('var', 'postgres', 'data', 'postmaster.pid')));
      assert.match(readFileSync(at('log', 'postgres.log'), 'utf8'), /database system is shut down/);
      await deployment.provider('start');
      await deployment.untilHealth(POSTGRES, 'healthy');
    });

    test('a lost password file is made anew once the server is stopped', async () => {
      const before = await deployment.run(POSTGRES, 'install');
      const old = passwordOf(before);
      rmSync(before.outputs['password_file'] as string);
      assert.equal((await deployment.run(POSTGRES, 'check')).result.status, 'absent');
      assert.equal((await deployment.run(POSTGRES, 'install')).code, SCRIPT_EXIT.conflict);
      await deployment.provider('stop');
      const after = await deployment.install(POSTGRES);
      assert.notEqual(passwordOf(after), old);
    });

    test('uninstall needs a stopped server and keeps the data, and so does rollback', async () => {
      const busy = await deployment.run(POSTGRES, 'uninstall');
      assert.equal(busy.code, SCRIPT_EXIT.conflict);
      await deployment.provider('stop');
      assert.equal(succeeded(await deployment.run(POSTGRES, 'uninstall')).result.changed, true);
      assert.ok(!existsSync(at('lib', 'postgres')));
      assert.ok(existsSync(at('var', 'postgres', 'data', 'PG_VERSION')));
      await deployment.install(POSTGRES);
      await deployment.provider('stop');
      succeeded(await deployment.run(POSTGRES, 'rollback', { input: { updated: false } }));
      assert.ok(!existsSync(at('lib', 'postgres')));
      assert.ok(existsSync(at('var', 'postgres', 'data', 'PG_VERSION')), 'data that was there before stays');
    });

    test('rollback of an update brings the earlier configuration back, of a first installation nothing is left', async () => {
      const config = at('etc', 'postgres', 'postgresql.conf');
      const data = at('var', 'postgres');
      await deployment.provider('stop');
      rmSync(data, { recursive: true });
      rmSync(at('etc', 'postgres'), { recursive: true });
      succeeded(await deployment.run(POSTGRES, 'install', { idempotency_key: 'first' }));
      const before = readFileSync(config, 'utf8');
      const more = { idempotency_key: 'second', config: { max_connections: 77 } };
      assert.equal(succeeded(await deployment.run(POSTGRES, 'install', more)).result.changed, true);
      assert.match(readFileSync(config, 'utf8'), /max_connections = 77/);
      succeeded(await deployment.run(POSTGRES, 'rollback', { input: { updated: true } }));
      assert.equal(readFileSync(config, 'utf8'), before);
      assert.equal((await deployment.run(POSTGRES, 'check')).result.status, 'done');

      // An update that failed before its script ran must not be taken for the first installation.
      assert.equal(
        (await deployment.run(POSTGRES, 'rollback', { input: { updated: true } })).result.changed,
        false,
      );
      assert.equal((await deployment.run(POSTGRES, 'check')).result.status, 'done');
      const renamed = { idempotency_key: 'third', config: { database: 'other' } };
      assert.equal((await deployment.run(POSTGRES, 'install', renamed)).code, SCRIPT_EXIT.conflict);

      succeeded(await deployment.run(POSTGRES, 'uninstall'));
      rmSync(data, { recursive: true });
      succeeded(await deployment.run(POSTGRES, 'install', { idempotency_key: 'fourth' }));
      succeeded(await deployment.run(POSTGRES, 'rollback', { input: { updated: false } }));
      assert.ok(
        !existsSync(data) && !existsSync(at('etc', 'postgres')) && !existsSync(at('lib', 'postgres')),
      );
    });

    test('data of another major version is refused and left alone', {
      skip: account.uid !== undefined,
    }, async () => {
      await deployment.install(POSTGRES);
      await deployment.provider('stop');
      succeeded(await deployment.run(POSTGRES, 'uninstall'));
      writeFileSync(at('var', 'postgres', 'data', 'PG_VERSION'), '16\n');
      const run = await deployment.run(POSTGRES, 'install');
      assert.equal(run.code, SCRIPT_EXIT.conflict);
      assert.match(run.stderr, /is of PostgreSQL 16, this is 17: dump and restore it/);
    });
  });
}
