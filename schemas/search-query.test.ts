import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesGlob, searchScore } from './search-query.js';

const REDIS = {
  namespace: 'team/data',
  name: 'redis-cache',
  kind: 'taskserv',
  description: 'An in-memory STORE',
  keywords: ['Database', 'kv'],
};

test('names count more than keywords, and those more than descriptions', () => {
  const scores = ['redis-cache', 'redis', 'cache', 'database', 'data', 'store'].map((q) =>
    searchScore(q, REDIS),
  );
  assert.deepEqual(
    scores,
    [...scores].sort((a, b) => b - a),
  );
  assert.ok(scores.every((score) => score > 0));
  assert.equal(searchScore('postgres', REDIS), 0);
  assert.ok(searchScore('', REDIS) > 0, 'an empty query finds everything');
});

test('every word must be found, and a glob must match the whole name', () => {
  assert.ok(searchScore('redis memory', REDIS) > 0);
  assert.equal(searchScore('redis postgres', REDIS), 0);
  assert.ok(searchScore('redis-*', REDIS) > 0);
  assert.equal(searchScore('cache*', REDIS), 0);
  assert.ok(searchScore('team/*/redis*', REDIS) > 0);
  assert.ok(searchScore('taskservs', REDIS) > 0);
});

test('globs are matched in bounded time', () => {
  assert.equal(matchesGlob('a*b?d', 'aXXbcd'), true);
  assert.equal(matchesGlob('*', ''), true);
  assert.equal(matchesGlob('?', ''), false);
  const started = process.cpuUsage().user;
  assert.equal(matchesGlob('*a'.repeat(100), 'a'.repeat(50_000)), true);
  assert.equal(matchesGlob(`${'*a'.repeat(100)}b`, 'a'.repeat(20_000)), false);
  assert.ok(process.cpuUsage().user - started < 2_000_000);
});
