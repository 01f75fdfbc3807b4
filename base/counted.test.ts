import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted } from './counted.js';

test('only one of a thing is said in the singular', () => {
  assert.equal(counted(1, 'piece'), '1 piece');
  assert.deepEqual([counted(0, 'piece'), counted(2, 'piece')], ['0 pieces', '2 pieces']);
  assert.deepEqual(
    [counted(1, 'entry', 'entries'), counted(3, 'entry', 'entries')],
    ['1 entry', '3 entries'],
  );
});
