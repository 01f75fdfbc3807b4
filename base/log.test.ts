import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { configureLog, log } from './log.js';
import { registerSecret } from './redact.js';

const lines: string[] = [];
configureLog({ sink: (line) => lines.push(line) });
afterEach(() => {
  lines.length = 0;
  configureLog({ level: 'warn', json: false });
});

test('only the chosen level and what is graver is written', () => {
  for (const level of ['error', 'warn', 'info', 'debug'] as const) {
    configureLog({ level });
    for (const each of ['error', 'warn', 'info', 'debug'] as const) log[each](each);
  }
  assert.deepEqual(
    lines.map((line) => line.split(':')[0]),
    ['error', 'error', 'warn', 'error', 'warn', 'info', 'error', 'warn', 'info', 'debug'],
  );
});

test('fields follow the message, and secrets never appear in either form', () => {
  registerSecret('swordfish-of-log');
  log.warn('used swordfish-of-log', { url: 'https://u:p@h/', list: ['swordfish-of-log'] });
  configureLog({ json: true });
  log.warn('again', { password: 'swordfish-of-log', n: 1 });
  assert.equal(lines[0], 'warn: used *** url=https://***@h/ list=["***"]');
  const record = JSON.parse(lines[1]!) as Record<string, unknown>;
  assert.deepEqual(
    { ...record, time: '' },
    { time: '', level: 'warn', message: 'again', password: '***', n: 1 },
  );
  assert.ok(!Number.isNaN(Date.parse(record['time'] as string)));
});

test('what others wrote stays on its line and moves no cursor', () => {
  log.warn('it says: a\u001b[2Jb\u009b31mc\nerror: faked', { reason: 'one\r\ntwo' });
  assert.deepEqual(lines, ['warn: it says: a\ufffd[2Jb\ufffd31mc error: faked reason=one two']);
});

test('a secret made of digits leaves the JSON of a log line readable', () => {
  registerSecret('4711');
  configureLog({ json: true });
  log.warn('pin', { pin: 4711, other: '4711', big: 2n ** 64n });
  assert.match(lines[0]!, /18446744073709551616/);
  const record = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.deepEqual([record['pin'], record['other']], [4711, '***']);
});
