import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { inOrder } from './in-order.js';

/** Item → what it comes after. */
type Graph = ReadonlyMap<number, readonly number[]>;

const graphs = fc
  .array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 25 })
  .map((rows): Graph => new Map(rows.map((row, i) => [i, row])));

test('each item begins after what it comes after has ended, and no more at once than allowed', async () => {
  let widest = 0;
  await fc.assert(
    fc.asyncProperty(graphs, fc.integer({ min: 1, max: 5 }), async (graph, concurrency) => {
      const ended = new Set<number>();
      let running = 0;
      await inOrder([...graph.keys()], { after: (item) => graph.get(item)!, concurrency }, async (item) => {
        running += 1;
        widest = Math.max(widest, running);
        assert.ok(running <= concurrency);
        // A cycle, or itself, puts later what is not smaller.
        for (const before of graph.get(item)!) assert.ok(before >= item || ended.has(before));
        await (item % 3 === 0 ? delay(0) : undefined);
        running -= 1;
        ended.add(item);
      });
      assert.equal(ended.size, graph.size);
    }),
    { numRuns: 60 },
  );
  assert.equal(widest, 5);
});

test('after a failure nothing begins, what runs is told to stop, and the failure comes when it has ended', async () => {
  const log: string[] = [];
  const after = (item: string) => (item === 'c' ? ['a'] : item === 'd' ? ['b'] : []);
  const action = async (item: string, signal: AbortSignal) => {
    log.push(`${item} begins`);
    if (item === 'b') {
      await delay(2);
      throw new Error('b failed');
    }
    await delay(10_000, undefined, { signal }).catch(() => log.push(`${item} stops`));
    signal.throwIfAborted();
  };
  await assert.rejects(inOrder(['a', 'b', 'c', 'd', 'e'], { after, concurrency: 2 }, action), /b failed/);
  assert.deepEqual(log, ['a begins', 'b begins', 'a stops']);
});

test('the signal of the caller ends it', async () => {
  const abort = new AbortController();
  const begun: number[] = [];
  const action = async (item: number, signal: AbortSignal) => {
    begun.push(item);
    abort.abort(new Error('enough'));
    signal.throwIfAborted();
  };
  const options = { after: () => [], concurrency: 1, signal: abort.signal };
  await assert.rejects(inOrder([1, 2, 3], options, action), /enough/);
  assert.deepEqual(begun, [1]);
  await assert.rejects(inOrder([4], options, action), /enough/);
  assert.deepEqual(begun, [1]);
});
