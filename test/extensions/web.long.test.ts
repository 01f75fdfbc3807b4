import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Deployment, succeeded } from './deployment.js';
import { accounts, isRunning, processesNaming } from './harness.js';

const [POSTGRES, WEB, CLUSTER] = ['taskservs/postgres', 'taskservs/web', 'clusters/web'];

for (const account of accounts()) {
  describe(`taskserv and cluster web as ${account.label}`, async () => {
    const deployment = new Deployment(account);
    await deployment.create();
    await deployment.install(POSTGRES);
    const installed = await deployment.install(WEB);
    const url = installed.outputs['url'] as string;
    after(async () => {
      await deployment.remove();
      assert.deepEqual(processesNaming(deployment.stage.dir), []);
    });

    test('a row goes in and comes out', async () => {
      const value = `${randomUUID()} ü '; DROP TABLE rows; --`;
      const made = await call('POST', `${url}/rows`, JSON.stringify({ value }));
      assert.equal(made.status, 201);
      assert.deepEqual(await call('GET', `${url}/rows/${made.body['id']}`), {
        status: 200,
        body: { id: made.body['id'], value },
      });
      assert.equal((await call('GET', `${url}/healthz`)).status, 200);
      assert.equal((await call('GET', `${url}/rows/999999`)).status, 404);
      assert.equal((await call('GET', `${url}/nothing`)).status, 404);
    });

    test('what is no row is refused', async () => {
      for (const body of [
        '',
        '{',
        '[]',
        'null',
        '{"value":1}',
        JSON.stringify({ value: 'x'.repeat(5000) }),
        JSON.stringify({ value: '\0' }),
      ]) {
        assert.equal((await call('POST', `${url}/rows`, body)).status, 400, body.slice(0, 20));
      }
    });

    test('a second install changes nothing', async () => {
      assert.equal((await deployment.run(WEB, 'check')).result.status, 'done');
      assert.equal(succeeded(await deployment.run(WEB, 'install')).result.changed, false);
    });

    test('the cluster is healthy through its front door, and is told what it stands on', async () => {
      const run = await deployment.install(CLUSTER);
      assert.deepEqual(Object.keys(run.outputs), ['url', 'database']);
      assert.equal((await deployment.run(CLUSTER, 'check')).result.status, 'done');
      assert.equal(succeeded(await deployment.run(CLUSTER, 'install')).result.changed, false);
    });

    test('without postgres every check fails, with it again they pass', async () => {
      await deployment.provider('stop', { services: ['postgres'] });
      assert.equal((await call('GET', `${url}/healthz`)).status, 503);
      for (const each of [WEB, CLUSTER])
        assert.equal(succeeded(await deployment.run(each, 'health')).result.status, 'unhealthy');
      await deployment.provider('start');
      for (const each of [WEB, CLUSTER]) await deployment.untilHealth(each, 'healthy');
    });

    test('postgres killed hard comes back, and so does the service', async () => {
      const { outputs } = await deployment.provider('state');
      const { pid } = (outputs['services'] as { name: string; pid: number }[]).find(
        (each) => each.name === 'postgres',
      )!;
      process.kill(pid, 'SIGKILL');
      await deployment.untilHealth(CLUSTER, 'healthy');
      assert.ok(!isRunning(pid));
    });

    test('a Node that the service user cannot reach is copied beside the service', {
      skip: !account.isRoot,
    }, async () => {
      const closed = join(deployment.stage.dir, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      const node = join(closed, 'node');
      copyFileSync(process.execPath, node);
      chmodSync(node, 0o755);
      await deployment.provider('stop', { services: ['web'] });
      succeeded(await deployment.run(WEB, 'uninstall'));
      assert.equal((await deployment.run(CLUSTER, 'check')).result.status, 'done');
      const run = await deployment.install(WEB, { node: [node] });
      assert.equal(run.result.services?.[0]?.argv[0], join(deployment.prefix, 'lib', 'web', '0.1.0', 'node'));
    });
  });
}

function call(
  method: string,
  url: string,
  body?: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve({ status: response.statusCode!, body: JSON.parse(text) as Record<string, unknown> });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
