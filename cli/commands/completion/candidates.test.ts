import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandTable } from '../../command-table.js';
import { candidates } from './candidates.js';

const complete = (...words: string[]) => candidates(commandTable, words, () => ['redis', 'runc', 'web']);

test('groups, then commands, then options, from the table of commands', () => {
  assert.deepEqual(complete('ex'), ['ext']);
  assert.deepEqual(complete('ext', 'pu'), ['publish', 'pull', 'push']);
  assert.ok(complete('').includes('help'));
  assert.ok(complete('oci', 'cop').includes('copy'), 'the other name of the group as well');
  assert.deepEqual(complete('ext', 'pull', '--dest'), ['--destination']);
  assert.ok(complete('ext', 'pull', '--').includes('--out'));
});

test('values of options that have a choice, and names where a reference is wanted', () => {
  assert.deepEqual(complete('ext', 'pull', '--out', 'nd'), ['ndjson']);
  assert.deepEqual(complete('ext', 'pull', 'r'), ['redis', 'runc']);
  assert.deepEqual(complete('ext', 'pull', '--destination', ''), [], 'the shell completes files');
  assert.deepEqual(complete('ext', 'push', ''), []);
  assert.deepEqual(complete('nonsense', ''), []);
});

test('every command can be reached by completion alone', () => {
  for (const { path } of commandTable)
    for (const [i, word] of path.entries())
      assert.ok(complete(...path.slice(0, i), '').includes(word), path.slice(0, i + 1).join(' '));
});
