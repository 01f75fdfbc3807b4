import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SCRIPT_EXIT } from '#schemas';
import { accounts, eventually, isRunning, processesNaming, type ScriptRun, Stage } from './harness.js';

const LOCAL = 'providers/local';
const RESTART = { first_delay_ms: 30, max_delay_ms: 200, max_quick_failures: 4, stable_ms: 5000 };

interface ServiceState {
  name: string;
  state: string;
  pid: number | null;
  restarts: number;
  message?: string;
}

for (const account of accounts()) {
  describe(`provider local as ${account.label}`, () => {
    const stage = new Stage(account);
    const config = {
      root: stage.serversRoot,
      restart: RESTART,
      log_bytes: 4096,
      system_root: join(stage.dir, 'system'),
    };
    const call = (op: string, input: Record<string, unknown>): Promise<ScriptRun> =>
      stage.run(LOCAL, op, { input, config });
    const services = async (server: string): Promise<ServiceState[]> =>
      (await call('state', { server })).outputs['services'] as ServiceState[];
    const service = async (server: string, name: string): Promise<ServiceState> =>
      (await services(server)).find((each) => each.name === name)!;
    const started: string[] = [];
    const create = async (server: string): Promise<string> => {
      started.push(server);
      const made = await call('create', { server });
      assert.equal(made.code, 0, made.stderr);
      return made.outputs['prefix'] as string;
    };

    after(async () => {
      for (const server of started) await call('delete', { server });
      assert.deepEqual(processesNaming(stage.dir), []);
      stage.remove();
    });

    test('create makes the prefix once and says the same again', async () => {
      const prefix = await create('one');
      for (const folder of ['bin', 'lib', 'etc', 'var', 'log', 'run'])
        assert.ok(statSync(join(prefix, folder)).isDirectory());
      const again = await call('create', { server: 'one' });
      assert.equal(again.result.changed, false);
      assert.equal(again.outputs['prefix'], prefix);
      assert.equal(again.outputs['service_user'], account.isRoot ? 'nobody' : undefined);
      const all = (await call('list', {})).outputs['servers'] as { name: string }[];
      assert.deepEqual(
        all.map((each) => each.name),
        ['one'],
      );
    });

    test('a name that leads outside the root is refused', async () => {
      for (const server of ['../x', '/etc', '.', '', 'a/b', 'a\n']) {
        for (const op of ['create', 'delete', 'start'])
          assert.equal((await call(op, { server })).code, SCRIPT_EXIT.invalid);
      }
    });

    test('delete refuses a directory or link that it did not make', async () => {
      await create('mine');
      mkdirSync(join(stage.serversRoot, 'foreign'));
      writeFileSync(join(stage.serversRoot, 'foreign', 'precious'), 'x');
      symlinkSync('foreign', join(stage.serversRoot, 'link'));
      for (const server of ['foreign', 'link'])
        assert.equal((await call('delete', { server })).code, SCRIPT_EXIT.invalid);
      assert.ok(existsSync(join(stage.serversRoot, 'foreign', 'precious')));
    });

    test('a port stays the same, differs from every other, and is the preferred one when that is free', async () => {
      await Promise.all([create('p1'), create('p2')]);
      const ask = async (server: string, name: string, preferred?: number) =>
        (await call('allocate_port', { server, name, ...(preferred === undefined ? {} : { preferred }) }))
          .outputs['port'] as number;
      const ports = await Promise.all(
        ['p1', 'p2'].flatMap((server) => ['a', 'b', 'c'].map((name) => ask(server, name))),
      );
      assert.equal(new Set(ports).size, ports.length);
      assert.equal(await ask('p1', 'a', 1234), ports[0]);
      const busy = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => busy.once('listening', resolve));
      const taken = (busy.address() as { port: number }).port;
      assert.notEqual(await ask('p1', 'd', taken), taken);
      await new Promise((resolve) => busy.close(resolve));
      assert.equal(await ask('p1', 'e', taken), taken);
      assert.notEqual(await ask('p2', 'e', taken), taken);
    });

    test('services outlive the script, and stop leaves no process, not even one in a session of its own', async () => {
      const prefix = await create('stop');
      const stubborn = `trap '' TERM; setsid sleep 1001 & while :; do sleep 0.1; done`;
      const definitions = [
        { name: 'plain', argv: ['/bin/sh', '-c', 'exec sleep 1002'] },
        { name: 'stubborn', argv: ['/bin/sh', '-c', stubborn], stop_seconds: 0.3 },
      ];
      const first = await call('start', { server: 'stop', services: definitions });
      assert.equal(first.code, 0, first.stderr);
      assert.equal(first.result.changed, true);
      const pids = (await services('stop')).map((each) => each.pid!);
      assert.ok(pids.every(isRunning));
      const again = await call('start', { server: 'stop', services: definitions });
      assert.equal(again.result.changed, false);
      assert.deepEqual(
        (await services('stop')).map((each) => each.pid),
        pids,
      );

      const only = await call('stop', { server: 'stop', services: ['plain'] });
      assert.equal(only.code, 0, only.stderr);
      assert.deepEqual(
        (await services('stop')).map((each) => each.state),
        ['stopped', 'running'],
      );
      const all = await call('stop', { server: 'stop' });
      assert.equal(all.code, 0, all.stderr);
      assert.deepEqual(
        (await services('stop')).map((each) => each.state),
        ['stopped', 'stopped'],
      );
      assert.ok(pids.every((pid) => !isRunning(pid)));
      assert.deepEqual(processesNaming('sleep 1001'), []);
      assert.deepEqual(processesNaming(prefix.replace(/prefix$/, '')), []);

      const back = await call('start', { server: 'stop' });
      assert.deepEqual(
        (back.outputs['services'] as ServiceState[]).map((each) => each.state),
        ['running', 'running'],
      );
      assert.equal((await call('stop', { server: 'stop' })).code, 0);
    });

    test('a service that is killed comes back, one that keeps failing is given up', async () => {
      await create('crash');
      const definitions = [
        { name: 'good', argv: ['sleep', '1003'] },
        { name: 'bad', argv: ['/bin/sh', '-c', 'echo broken; exit 7'] },
      ];
      await call('start', { server: 'crash', services: definitions });
      const before = (await service('crash', 'good')).pid!;
      process.kill(before, 'SIGKILL');
      const back = await eventually(
        () => service('crash', 'good'),
        (each) => each.state === 'running' && each.pid !== before,
      );
      assert.equal(back.restarts, 1);
      const given = await eventually(
        () => service('crash', 'bad'),
        (each) => each.state === 'failed',
      );
      assert.match(given.message!, /5 times in a row \(last: exit code 7\)/);
      assert.equal((await call('stop', { server: 'crash' })).code, 0);
      assert.ok(!isRunning(back.pid!));
    });

    test('when the supervisor is killed, the services go on and the next start adopts them', async () => {
      await create('orphan');
      const definitions = [{ name: 'kept', argv: ['sleep', '1004'] }];
      await call('start', { server: 'orphan', services: definitions });
      const { pid } = await service('orphan', 'kept');
      const supervisor = (await call('state', { server: 'orphan' })).outputs['supervisor'] as {
        pid: number;
      };
      process.kill(supervisor.pid, 'SIGKILL');
      const alone = await eventually(
        () => call('state', { server: 'orphan' }),
        ({ outputs }) => (outputs['supervisor'] as { state: string }).state === 'stopped',
      );
      assert.equal((alone.outputs['services'] as ServiceState[])[0]!.state, 'running');
      const adopted = await call('start', { server: 'orphan', services: definitions });
      assert.equal(adopted.result.changed, false);
      assert.equal((await service('orphan', 'kept')).pid, pid);
      process.kill(pid!, 'SIGKILL');
      await eventually(
        () => service('orphan', 'kept'),
        (each) => each.state === 'running' && each.pid !== pid,
      );

      const second = (await call('state', { server: 'orphan' })).outputs['supervisor'] as {
        pid: number;
      };
      const last = (await service('orphan', 'kept')).pid!;
      process.kill(second.pid, 'SIGKILL');
      assert.equal((await call('stop', { server: 'orphan' })).code, 0);
      assert.ok(!isRunning(last));
    });

    test('SIGTERM to the supervisor stops its services; a start brings them back', async () => {
      await create('term');
      await call('start', { server: 'term', services: [{ name: 'svc', argv: ['sleep', '1005'] }] });
      const { pid } = await service('term', 'svc');
      const supervisor = (await call('state', { server: 'term' })).outputs['supervisor'] as {
        pid: number;
      };
      process.kill(supervisor.pid, 'SIGTERM');
      await eventually(
        async () => isRunning(supervisor.pid),
        (running) => !running,
      );
      assert.ok(!isRunning(pid!));
      const again = await call('start', { server: 'term' });
      assert.equal((again.outputs['services'] as ServiceState[])[0]!.state, 'running');
      await call('stop', { server: 'term' });
    });

    test('a service that cannot start gives one clear error', async () => {
      await create('none');
      const run = await call('start', {
        server: 'none',
        services: [{ name: 'ghost', argv: ['no-such-program-here'] }],
      });
      assert.equal(run.code, SCRIPT_EXIT.invalid);
      assert.match(run.stderr, /the service 'ghost' failed: could not be started: ENOENT/);
      assert.equal((await call('stop', { server: 'none' })).code, 0);
    });

    test('a port that another process holds is named before anything is started', async () => {
      await create('taken');
      const busy = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => busy.once('listening', resolve));
      const { port } = busy.address() as { port: number };
      const definition = { name: 'late', argv: ['sleep', '1009'], ports: { http: port } };
      const run = await call('start', { server: 'taken', services: [definition] });
      assert.equal(run.code, SCRIPT_EXIT.conflict);
      assert.match(run.stderr, new RegExp(`port ${port} \\(http\\) of the service 'late' is taken`));
      assert.deepEqual(await services('taken'), []);
      await new Promise((resolve) => busy.close(resolve));
      assert.equal((await call('start', { server: 'taken', services: [definition] })).code, 0);
      assert.equal((await call('stop', { server: 'taken' })).code, 0);
    });

    test('a service gets a small environment, its user, and a log below its cap', async () => {
      const prefix = await create('env');
      const noisy =
        'id -un; env; i=0; while [ $i -lt 400 ]; do echo "line $i of noise"; i=$((i+1)); done; exec sleep 1006';
      const definition = {
        name: 'noisy',
        argv: ['/bin/sh', '-c', noisy],
        env: { GREETING: 'hello' },
        user: 'nobody',
      };
      await call('start', { server: 'env', services: [definition] });
      const log = join(prefix, 'log', 'noisy.log');
      await eventually(
        async () => existsSync(`${log}.1`),
        (exists) => exists,
      );
      const text = readFileSync(`${log}.1`, 'utf8');
      assert.equal(text.split('\n')[0], account.isRoot ? 'nobody' : account.name);
      assert.match(text, /^GREETING=hello$/m);
      const names = [...text.matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1]!);
      assert.deepEqual(
        new Set(names),
        new Set(
          [...new Set(names)].filter((name) =>
            /^(GREETING|PATH|HOME|LANG|PROV_SERVICE_ID|PWD|OLDPWD|SHLVL|_)$/.test(name),
          ),
        ),
      );
      assert.ok(statSync(log).size <= 4096);
      await call('stop', { server: 'env' });
    });

    test('exec returns code and output, and kills what takes too long', async () => {
      await create('exec');
      const run = (input: Record<string, unknown>) => call('exec', { server: 'exec', ...input });
      const ok = await run({
        argv: ['/bin/sh', '-c', 'cat; echo "$WHO" >&2; exit 4'],
        stdin: 'in',
        env: { WHO: 'me' },
      });
      assert.deepEqual(ok.outputs, {
        code: 4,
        signal: null,
        stdout: 'in',
        stderr: 'me\n',
        timed_out: false,
      });
      const slow = await run({ argv: ['/bin/sh', '-c', 'sleep 1007 & sleep 1007'], timeout_ms: 200 });
      assert.equal(slow.outputs['timed_out'], true);
      assert.deepEqual(processesNaming('sleep 1007'), []);
      const big = await run({ argv: ['/bin/sh', '-c', 'head -c 300000 /dev/zero'] });
      assert.match(big.outputs['stdout'] as string, /\[234464 more bytes\]$/);
    });

    test('delete stops everything first, and again changes nothing', async () => {
      await create('gone');
      await call('start', { server: 'gone', services: [{ name: 'svc', argv: ['sleep', '1008'] }] });
      const { pid } = await service('gone', 'svc');
      const run = await call('delete', { server: 'gone' });
      assert.equal(run.code, 0, run.stderr);
      assert.ok(!isRunning(pid!));
      assert.ok(!existsSync(join(stage.serversRoot, 'gone')));
      assert.equal((await call('delete', { server: 'gone' })).result.changed, false);
      assert.equal((await call('state', { server: 'gone' })).outputs['exists'], false);
    });

    test('as root, servers below a closed home go where the service user can reach them', {
      skip: account.isRoot ? false : 'only root keeps servers outside the workspace',
    }, async () => {
      const home = join(stage.dir, 'home');
      mkdirSync(home, { mode: 0o700 });
      const closed = { ...config, root: join(home, 'ws', '.runtime', 'servers') };
      const made = await stage.run(LOCAL, 'create', { input: { server: 'far' }, config: closed });
      assert.equal(made.code, 0, made.stderr);
      const prefix = made.outputs['prefix'] as string;
      assert.ok(prefix.startsWith(config.system_root), prefix);
      assert.equal(statSync(home).mode & 0o777, 0o700);
      const user = await stage.run(LOCAL, 'exec', {
        input: { server: 'far', argv: ['ls', prefix], user: 'nobody' },
        config: closed,
      });
      assert.equal(user.outputs['code'], 0);
      await stage.run(LOCAL, 'delete', { input: { server: 'far' }, config: closed });
      assert.ok(!existsSync(prefix));
    });
  });
}
