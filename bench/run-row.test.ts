import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableText } from './report.js';
import { type Row, ratioAtLeast, ratioAtMost, valueAtMost } from './row.js';
import { runRow } from './run-row.js';

function row(more: Partial<Row> = {}): Row & { readonly order: string[] } {
  const order: string[] = [];
  const contender = (name: string, values: number[]) => ({
    name,
    measure(round: number) {
      order.push(`${name}${round}`);
      return { value: round === 0 ? 1000 : values.shift()!, cpuMs: 2 };
    },
  });
  return {
    id: 'x.y',
    title: 'a row',
    unit: 'ms',
    better: 'lower',
    candidate: contender('c', [30, 20, 40]),
    peer: contender('p', [10, 20, 40]),
    goal: ratioAtMost(2),
    order,
    ...more,
  };
}

test('contenders take turns, in the other order each round, and the warm-up does not count', async () => {
  const each = row();
  const result = await runRow(each, 3);
  assert.deepEqual(each.order, ['c0', 'p0', 'p1', 'c1', 'c2', 'p2', 'p3', 'c3']);
  assert.deepEqual(result.candidate, {
    name: 'c',
    best: 20,
    median: 30,
    samples: 3,
    cpuMs: 2,
    serverCpuMs: undefined,
  });
  assert.deepEqual(
    [result.ratio, result.medianRatio, result.cpuRatio, result.serverCpuRatio, result.verdict],
    [2, 1.5, 1, undefined, 'met'],
  );
});

test('where more is better, the best is the most and the goal is a floor', async () => {
  const result = await runRow(row({ better: 'higher', goal: ratioAtLeast(1.1) }), 3);
  assert.deepEqual([result.candidate?.best, result.ratio, result.verdict], [40, 1, 'missed']);
});

test('a row without a peer is held against its own number', async () => {
  const result = await runRow(row({ peer: undefined, goal: valueAtMost(20, 'ms') }), 3);
  assert.deepEqual([result.ratio, result.verdict, result.goal], [undefined, 'met', '<= 20 ms']);
});

test('a row that cannot run says why and measures nothing', async () => {
  const each = row({ skip: 'no skopeo' });
  const result = await runRow(each, 3);
  assert.deepEqual([result.verdict, result.reason, each.order], ['skipped', 'no skopeo', []]);
  assert.match(tableText([result]), /\| a row \| ms +\| - .*skipped/);
});
