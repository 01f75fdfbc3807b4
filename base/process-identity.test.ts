import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isRunning } from './process-identity.js';

test('this process is itself, with the same start time at every look', () => {
  const me = identifyProcess(process.pid);
  assert.ok(me);
  assert.deepEqual(identifyProcess(process.pid), me);
  assert.equal(isRunning(me), true);
});

test('a dead pid is nobody', async () => {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  assert.equal(identifyProcess(child.pid!), undefined);
  assert.equal(isRunning({ pid: child.pid!, started: '1' }), false);
});

test('a pid that another process uses now does not count', () => {
  assert.equal(isRunning({ pid: process.pid, started: 'long ago' }), false);
});

test('spaces and brackets in the name of a program do not confuse it', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const child = spawn('sh', ['-c', 'printf "a) Z (b" > /proc/$$/comm; echo ready; read x'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const identity = identifyProcess(child.pid!);
  assert.match(identity?.started ?? '', /^\d+$/);
  assert.equal(isRunning(identity!), true);
});

test('a zombie does not run', { skip: process.platform !== 'linux' }, async (t) => {
  // The shell becomes `sleep`, which never collects the child that the shell left it and that ends later.
  const parent = spawn('sh', ['-c', 'sleep 0.5 & echo $!; exec sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(chunk.toString());
  const deadline = Date.now() + 10_000;
  while (identifyProcess(pid) !== undefined && Date.now() < deadline) await sleep(10);
  assert.doesNotThrow(() => process.kill(pid, 0), 'it still has its pid');
  assert.equal(identifyProcess(pid), undefined);
});
