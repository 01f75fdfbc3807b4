import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PackageId } from '../package-id.js';
import { memoSource } from './memo-source.js';

test('each thing is asked for once, what a closure told is known, and what failed is asked for again', async () => {
  const asked: string[] = [];
  let broken = true;
  const source = memoSource({
    versions: async (id: PackageId) => {
      asked.push(`versions ${id}`);
      if (broken) throw new Error('down');
      return { versions: ['1.0.0'] };
    },
    closure: async (roots: readonly { id: PackageId }[]) => {
      asked.push(`closure ${roots.map(({ id }) => id).join()}`);
      return new Map(roots.map(({ id }) => [id, { versions: ['2.0.0'] }]));
    },
  } as Parameters<typeof memoSource>[0]) as Required<Parameters<typeof memoSource>[0]> & {
    closure(roots: readonly { id: PackageId; range: string }[]): Promise<ReadonlyMap<PackageId, unknown>>;
  };
  await source.closure([{ id: 'main:a', range: '^2' }]);
  assert.equal((await source.closure([{ id: 'main:a', range: '*' }])).size, 0);
  assert.deepEqual((await source.versions('main:a'))?.versions, ['2.0.0']);
  await assert.rejects(source.versions('main:b'), /down/);
  broken = false;
  await source.versions('main:b');
  await source.versions('main:b');
  assert.deepEqual(asked, ['closure main:a', 'versions main:b', 'versions main:b']);
});
