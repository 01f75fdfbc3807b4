import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isProvError } from '#base';
import type { EventLog, NewEvent } from './event-log.js';
import { foldState } from './fold-state.js';
import { createMemoryEventLog } from './memory-event-log.js';
import { openEventLog, readEventLog } from './sqlite-event-log.js';

const event = (n: number): NewEvent => ({
  type: 'task.undone',
  task: `t${n}`,
  time: '2026-01-01T00:00:00Z',
  data: { by: String(n) },
});

async function conforms(log: EventLog): Promise<void> {
  const heard: number[] = [];
  const stop = log.subscribe('a', ({ seq }) => heard.push(seq));
  assert.equal(await log.lastSeq('a'), 0);
  assert.equal(await log.append('a', [event(1), event(2)], 0), 2);
  await assert.rejects(
    log.append('a', [event(3)], 1),
    (error) => isProvError(error, 'RUNTIME_LOG_CONFLICT') && error.details['actual'] === 2,
  );
  await assert.rejects(log.append('b', [event(3)], 1), (error) => isProvError(error, 'RUNTIME_LOG_CONFLICT'));
  assert.equal(await log.append('a', [event(3)], 2), 3);
  assert.equal(await log.append('b', [event(9)], 0), 1);
  stop();
  await log.append('a', [event(4)], 3);
  assert.deepEqual(heard, [1, 2, 3]);
  const all = await log.read('a', 0);
  assert.deepEqual(
    all.map(({ seq, task }) => [seq, task]),
    [
      [1, 't1'],
      [2, 't2'],
      [3, 't3'],
      [4, 't4'],
    ],
  );
  assert.deepEqual(all[0], { ...event(1), stream: 'a', seq: 1 });
  assert.deepEqual(
    (await log.read('a', 1, 2)).map(({ seq }) => seq),
    [2, 3],
  );
  assert.equal(await log.lastSeq('a'), 4);
}

test('the event log in memory keeps what was appended, in order, and refuses a wrong sequence number', () =>
  conforms(createMemoryEventLog()));

test('the event log on disk does the same, and another process can read it meanwhile', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'prov-log-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  assert.deepEqual(await readEventLog(dir, 'a'), []);
  const log = await openEventLog(dir);
  await conforms(log);
  assert.equal((await readEventLog(dir, 'a', 2)).length, 2);
  await assert.rejects(openEventLog(dir), (error) => isProvError(error, 'RUNTIME_LOCKED'));
  assert.equal(statSync(join(dir, 'events.db')).mode & 0o077, 0, 'nobody else may read outputs');
  await log.close();
  const again = await openEventLog(dir);
  assert.equal(await again.lastSeq('a'), 4);
  await again.close();
});

test('folding in pieces gives the state of folding at once', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  const intent = (key: string) => ({ run: 'r', op: 'install', attempt: 1, key, inputsDigest: digest });
  const events = [
    { type: 'run.started', data: { run: 'r', plan: digest } },
    { type: 'task.intent', task: 'a', data: intent('k1') },
    {
      type: 'task.spawned',
      task: 'a',
      data: { process: { pid: 1, startTime: '1', bootId: 'b' }, op: 'install' },
    },
    { type: 'task.failed', task: 'a', data: { class: 'transient', message: 'm' } },
    { type: 'task.intent', task: 'a', data: { ...intent('k1'), attempt: 2 } },
    {
      type: 'task.succeeded',
      task: 'a',
      data: { inputsDigest: digest, givenDigest: digest, changed: true, outputs: { x: 1 }, services: [] },
    },
    { type: 'task.intent', task: 'a', data: intent('k2') },
    { type: 'task.absent', task: 'a', data: { by: 'check' } },
    { type: 'run.finished', data: { run: 'r', status: 'failed' } },
  ].map((each, index) => ({ stream: 's', seq: index + 1, time: '', ...each }));
  const whole = foldState(events);
  for (let at = 0; at <= events.length; at += 1) {
    assert.deepEqual(foldState(events.slice(at), foldState(events.slice(0, at))), whole);
  }
  const state = whole.tasks.get('a')!;
  assert.deepEqual(
    [state.status, state.generation, state.outputs, state.inputsDigest],
    ['pending', 2, {}, undefined],
  );
  assert.deepEqual(whole.run, { id: 'r', plan: digest, status: 'failed' });
  const open = foldState(events.slice(0, 3)).tasks.get('a')!;
  assert.deepEqual([open.status, open.processes.length], ['open', 1]);
  assert.equal(
    foldState(events.slice(0, 5)).tasks.get('a')!.generation,
    1,
    'another attempt is the same execution',
  );
});

test('a directory that came with the workspace is made private; a link out of it is refused', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'prov-log-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const open = join(root, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  await (await openEventLog(open)).close();
  assert.equal(statSync(open).mode & 0o777, 0o700);
  const elsewhere = join(root, 'elsewhere');
  mkdirSync(elsewhere, { mode: 0o755 });
  symlinkSync(elsewhere, join(root, 'link'));
  await assert.rejects(openEventLog(join(root, 'link')), (error) =>
    isProvError(error, 'BASE_FILE_UNWRITABLE'),
  );
  assert.equal(statSync(elsewhere).mode & 0o777, 0o755);
});
