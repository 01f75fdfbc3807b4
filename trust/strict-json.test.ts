import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStrictJson } from './strict-json.js';

const LIMITS = { maxBytes: 1000, maxDepth: 4 };
const read = (text: string | Uint8Array) => parseStrictJson(Buffer.from(text), LIMITS);

test('what is plain JSON is read', () => {
  for (const value of [
    null,
    1,
    'a',
    [],
    {},
    { a: { b: [1, { c: 2 }] } },
    { a: 1, b: { a: 1 } },
    [{ a: 1 }, { a: 2 }],
    { 'a"': 1, 'a\\': 2, 'a\\"': 3, '{': 4, ',': 5 },
    '\u{1f600}',
  ]) {
    assert.deepEqual(read(JSON.stringify(value)), { ok: true, value });
  }
});

test('each way of being ambiguous, too large or damaged is refused', () => {
  const refused: Record<string, RegExp> = {
    '{"a":1,"a":2}': /twice/,
    '{"a":1,"b":{"c":1},"\\u0061":2}': /twice/,
    '[{"x":[],"x":1}]': /twice/,
    '{"__proto__":1}': /__proto__/,
    '{"\\u005f_proto__":1}': /__proto__/,
    '[[[[[1]]]]]': /deeper/,
    '"\\udc00"': /surrogate/,
    '{"\\ud800":1}': /surrogate/,
    '{"a":1} x': /not JSON/,
    '{"a": "b': /end/,
    '"a\\"': /end/,
    '': /not JSON/,
    '\ufeff{}': /not JSON/,
    '{"a":01}': /not JSON/,
  };
  for (const [text, expected] of Object.entries(refused)) {
    const result = read(text);
    assert.ok(!result.ok, text);
    assert.match(result.reason, expected, text);
  }
  assert.deepEqual(read(`"${'x'.repeat(1000)}"`), { ok: false, reason: 'is larger than 1000 bytes' });
  assert.equal(read(Buffer.from([0x22, 0xff, 0x22])).ok, false);
  assert.equal(read(`"${'\\'.repeat(900)}`).ok, false);
});
