import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { retryDelayMs } from './retry-policy.js';
import { type Ending, type Schedulable, schedule } from './schedule.js';

const task = (id: string, dependsOn: string[] = [], priority = 50): Schedulable => ({
  id,
  dependsOn,
  priority,
});

async function trace(
  tasks: Schedulable[],
  run: (id: string) => Ending,
  options: { concurrency?: number; signal?: AbortSignal } = {},
) {
  const ran: string[] = [];
  const skipped: [string, string | undefined][] = [];
  await schedule(tasks, {
    concurrency: options.concurrency ?? 1,
    signal: options.signal,
    run: async ({ id }) => {
      ran.push(id);
      await sleep(0);
      return run(id);
    },
    onSkip: ({ id }, because) => skipped.push([id, because]),
  });
  return { ran, skipped };
}

test('ready tasks start by priority, then in the order given', async () => {
  const { ran } = await trace(
    [task('a'), task('b', [], 90), task('c', ['a'], 99), task('d')],
    () => 'succeeded',
  );
  assert.deepEqual(ran, ['b', 'a', 'c', 'd']);
});

test('a failure skips what depends on it, naming it, and the rest goes on', async () => {
  const tasks = [task('a'), task('b', ['a']), task('c', ['b']), task('d')];
  const { ran, skipped } = await trace(tasks, (id) => (id === 'a' ? 'failed' : 'succeeded'));
  assert.deepEqual(ran, ['a', 'd']);
  assert.deepEqual(skipped, [
    ['b', 'a'],
    ['c', 'a'],
  ]);
});

test('stop and abort start nothing more', async () => {
  const stopped = await trace([task('a'), task('b')], () => 'stop');
  assert.deepEqual([stopped.ran, stopped.skipped], [['a'], [['b', undefined]]]);
  const aborted = await trace([task('a')], () => 'succeeded', { signal: AbortSignal.abort() });
  assert.deepEqual(aborted.ran, []);
});

test('what a task throws is thrown when nothing runs any more', async () => {
  let running = 0;
  const run = async ({ id }: Schedulable): Promise<Ending> => {
    running += 1;
    await sleep(id === 'a' ? 1 : 20);
    running -= 1;
    if (id === 'a') throw new Error('log broken');
    return 'succeeded';
  };
  await assert.rejects(
    schedule([task('a'), task('b')], { concurrency: 2, run, onSkip: () => {} }),
    /log broken/,
  );
  assert.equal(running, 0);
});

test('every task of any graph ends exactly once, after its dependencies, within the limit', async () => {
  const graph = fc.array(fc.tuple(fc.array(fc.nat(20), { maxLength: 3 }), fc.boolean(), fc.nat(100)), {
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(graph, fc.integer({ min: 1, max: 4 }), async (nodes, concurrency) => {
      const tasks = nodes.map(([to, , priority], i) =>
        task(
          `t${i}`,
          [...new Set(to.filter((each) => each < i))].map((each) => `t${each}`),
          priority,
        ),
      );
      const succeeded = new Set<string>();
      const ended: string[] = [];
      let running = 0;
      await schedule(tasks, {
        concurrency,
        run: async ({ id, dependsOn }) => {
          running += 1;
          assert.ok(running <= concurrency);
          assert.ok(dependsOn.every((each) => succeeded.has(each)));
          await sleep(0);
          running -= 1;
          ended.push(id);
          const good = nodes[Number(id.slice(1))]![1];
          if (good) succeeded.add(id);
          return good ? 'succeeded' : 'failed';
        },
        onSkip: ({ id }) => ended.push(id),
      });
      assert.deepEqual([...ended].sort(), tasks.map(({ id }) => id).sort());
    }),
    { numRuns: 60 },
  );
});

test('delays between tries follow the class of the failure', () => {
  const random = () => 0.5;
  const delays = (failure: Parameters<typeof retryDelayMs>[0]) =>
    [1, 2, 3, 6, 7].map((n) => retryDelayMs(failure, n, { random }));
  assert.deepEqual(delays('transient'), [2500, 4500, 8500, 60_000, 60_000]);
  assert.deepEqual(delays('throttled'), [60_000, 60_000, 60_000, 60_000, 60_000]);
  assert.equal(retryDelayMs('throttled', 1, { retryAfterMs: 1500 }), 1500);
  assert.deepEqual(delays('authentication'), [5000, undefined, undefined, undefined, undefined]);
  assert.deepEqual(delays('failed'), [5000, 10_000, 15_000, 30_000, 30_000]);
  for (const never of ['invalid', 'conflict', 'quota', 'cancelled'] as const)
    assert.deepEqual(delays(never), Array(5).fill(undefined));
});
