import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gate } from './gate.js';
import { holdPace, Pace, START_CONCURRENCY } from './pace.js';
import { copyThrough, limited } from './pace-test-support.js';
import { clientOf, fixture, randomBlob } from './test-support.js';

test('a host that takes 40 requests a second is asked for hardly more, and nothing fails', async (t) => {
  const seen = await copyThrough(t, { artifacts: 40, perSecond: 40, retryAfter: undefined });
  const share = (100 * seen.refused) / seen.all;
  t.diagnostic(`${seen.all} requests, ${seen.refused} turned away (${share.toFixed(2)} %)`);
  assert.ok(seen.refused > 0, 'the limit was met');
  // The share of a short run; 2 % are held to in the long suite.
  assert.ok(share <= 5, `${share} %`);
});

test('requests at once start at 4, double until the host has enough, then halve and recover slowly', () => {
  const pace = new Pace();
  assert.equal(pace.concurrency, START_CONCURRENCY);
  for (let i = 0; i < 100; i += 1) pace.accepted(16);
  assert.equal(pace.concurrency, 16);
  const sentAt = Date.now() + 1;
  pace.refused(sentAt, false);
  assert.equal(pace.concurrency, 8);
  pace.refused(0, false);
  assert.equal(pace.concurrency, 8, 'refusals of one burst count once');
  for (let i = 0; i < 8; i += 1) pace.accepted(16);
  assert.equal(pace.concurrency, 8);
  pace.accepted(16);
  assert.equal(pace.concurrency, 9);
  for (let i = 0; i < 20; i += 1) pace.refused(Date.now() + 10_000 * (i + 1), false);
  assert.ok(pace.concurrency >= 1);
});

test('requests under way follow the limit', async (t) => {
  const { server } = await fixture(t);
  const { host, seen } = await limited(t, server.host, 100_000, undefined);
  const repository = clientOf(t, host).repository('ns/app');
  await Promise.all(Array.from({ length: 200 }, () => repository.headBlob(randomBlob(1).descriptor.digest)));
  assert.ok(seen.most <= 16, String(seen.most));
  const one = clientOf(t, host, { concurrency: 1 }).repository('ns/app');
  seen.most = 0;
  await Promise.all(Array.from({ length: 20 }, () => one.headBlob(randomBlob(1).descriptor.digest)));
  assert.equal(seen.most, 1);
});

test('a Retry-After stops every client of the host in this process', async (t) => {
  const { server, repository } = await fixture(t);
  const other = clientOf(t, server.host).repository('ns/app');
  const digest = randomBlob(1).descriptor.digest;
  server.fault({ does: { answer: { status: 429, headers: { 'retry-after': '1' } } } });
  const began = Date.now();
  const first = repository.headBlob(digest);
  while (server.seen.length === 0) await sleep(5);
  await sleep(50);
  await Promise.all([first, other.headBlob(digest)]);
  assert.ok(Date.now() - began >= 1000, `${Date.now() - began} ms`);
  assert.equal(server.seen.length, 3);
});

test('a wait for a slot ends with its signal, and a pause that ran out is forgotten', async () => {
  const { pace, release } = holdPace('http://pace.test');
  pace.pauseFor(10_000);
  const abort = new AbortController();
  const waiting = pace.wait(abort.signal);
  abort.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  release();
  const again = holdPace('http://pace.test');
  assert.equal(again.pace, pace, 'the next client keeps to it');
  again.release();
});

test('a gate lets waiters in when its limit grows, and forgets those who gave up', async () => {
  let limit = 1;
  const gate = new Gate(() => limit);
  const leave = await gate.enter();
  const abort = new AbortController();
  const gone = gate.enter(abort.signal);
  const second = gate.enter();
  const third = gate.enter();
  abort.abort(new Error('enough'));
  await assert.rejects(gone, { message: 'enough' });
  limit = 2;
  leave();
  leave();
  (await second)();
  (await third)();
});
