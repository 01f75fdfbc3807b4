import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { checkYaml, editDistance, parseYaml, suggestKey } from './yaml-file.js';

test('positions are those of the keys, or of the closest parent', () => {
  const file = parseYaml('a:\n  b:\n    - x\n    - c: 1\n"d": 2\n', 'f.yaml');
  assert.deepEqual(file.value, { a: { b: ['x', { c: 1 }] }, d: 2 });
  assert.deepEqual(file.position(['a']), { line: 1, column: 1 });
  assert.deepEqual(file.position(['a', 'b']), { line: 2, column: 3 });
  assert.deepEqual(file.position(['a', 'b', 1, 'c']), { line: 4, column: 7 });
  assert.deepEqual(file.position(['a', 'b', 0]), { line: 3, column: 7 });
  assert.deepEqual(file.position(['a', 'none', 'x']), { line: 1, column: 1 });
  assert.deepEqual(file.position(['d']), { line: 5, column: 1 });
});

test('syntax errors have their place', () => {
  for (const [text, line] of [
    ['a: 1\nb: [1\n', 2],
    ['a: "open\n', 1],
    ['a: 1\n\tb: 2\n', 2],
    ['a: *none\n', 1],
    ['a: !!js/function "x"\n', 1],
    ['a: 1\n---\nb: 2\n', 2],
  ] as const)
    assert.throws(
      () => parseYaml(text, 'f.yaml'),
      (error: { code: string; message: string; details: { line: number; column: number } }) => {
        assert.equal(error.code, 'SCHEMAS_YAML_SYNTAX', text);
        assert.ok(error.details.line >= line && error.details.column >= 1, JSON.stringify(error.details));
        assert.match(error.message, /^f\.yaml:\d+:\d+: not valid YAML: ./);
        return true;
      },
    );
});

test('a key that is there twice is refused with its place, at any depth', () => {
  assert.throws(() => parseYaml('name: a\nother: 1\nname: b\n', 'f.yaml'), {
    code: 'SCHEMAS_KEY_DUPLICATE',
    message: 'f.yaml:3:1: the key "name" is there twice',
  });
  assert.throws(() => parseYaml('a:\n  b: 1\n  b: 2\n', 'f.yaml'), {
    code: 'SCHEMAS_KEY_DUPLICATE',
    message: 'f.yaml:3:3: the key "b" is there twice',
  });
});

test('an alias bomb is refused quickly; a few aliases are fine', () => {
  const levels = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i},*a${i},*a${i},*a${i}]`);
  const started = performance.now();
  assert.throws(() => parseYaml(`a0: &a0 [x,x]\n${levels.join('\n')}\n`, 'f.yaml'), {
    code: 'SCHEMAS_YAML_SYNTAX',
  });
  assert.ok(performance.now() - started < 500);
  assert.deepEqual(parseYaml('a: &x [1]\nb: *x\n', 'f.yaml').value, { a: [1], b: [1] });
});

test('deep nesting ends in our error or a value, never in a stack overflow', () => {
  for (const text of [
    `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    `${'{a: '.repeat(5000)}1${'}'.repeat(5000)}`,
  ]) {
    try {
      parseYaml(text, 'f.yaml');
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'SCHEMAS_YAML_SYNTAX');
    }
  }
});

test('a key that is a list or a map is a key as it is written, and nobody warns of it', async () => {
  const warnings: string[] = [];
  const warned = (warning: Error) => warnings.push(warning.message);
  process.on('warning', warned);
  try {
    assert.deepEqual(parseYaml('[a, b]: 1\n? {c: d}\n: 2\n', 'f.yaml').value, {
      '[ a, b ]': 1,
      '{ c: d }': 2,
    });
    await new Promise(setImmediate);
  } finally {
    process.off('warning', warned);
  }
  assert.deepEqual(warnings, []);
});

test('members called like those of Object change no prototype', () => {
  const { value } = parseYaml('__proto__: { polluted: true }\nconstructor: 1\n', 'f.yaml');
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assert.equal((value as { polluted?: boolean }).polluted, undefined);
});

const schema = z.strictObject({
  name: z.string(),
  count: z.int().optional(),
  list: z.array(z.strictObject({ kind: z.string() })).optional(),
  choice: z.union([z.string(), z.strictObject({ url: z.string() })]).optional(),
  map: z.record(z.string(), z.strictObject({ version: z.string() })).optional(),
});
const check = (text: string) => checkYaml(parseYaml(text, 'f.yaml'), schema).value;

test('$schema and x- keys at the top are ignored', () => {
  assert.deepEqual(check('$schema: "https://x/y"\nx-mine: [1]\nname: a\n'), { name: 'a' });
  assert.throws(() => check('name: a\nlist:\n  - kind: a\n    x-own: 1\n'), { code: 'SCHEMAS_KEY_UNKNOWN' });
});

test('an unknown key is told with its place and the key that was meant, wherever it is', () => {
  const table: [string, string, RegExp][] = [
    ['nmae: a\n', 'f.yaml:1:1', /Did you mean "name"\?/],
    ['name: a\ncoutn: 1\n', 'f.yaml:2:1', /Did you mean "count"\?/],
    ['name: a\nlist:\n  - kind: x\n  - kidn: x\n    kind: y\n', 'f.yaml:4:5', /Did you mean "kind"\?/],
    ['name: a\nchoice:\n  url: x\n  ulr: y\n', 'f.yaml:4:3', /Did you mean "url"\?/],
    [
      'name: a\nmap:\n  redis:\n    version: "1"\n    verison: "1"\n',
      'f.yaml:5:5',
      /Did you mean "version"\?/,
    ],
    ['name: a\nsomething_else: 1\n', 'f.yaml:2:1', /Known keys here: name, count, list, choice, map/],
  ];
  for (const [text, place, hint] of table)
    assert.throws(
      () => check(text),
      (error: { code: string; message: string; hint: string }) => {
        if (error.code === 'SCHEMAS_VALUE_INVALID')
          return assert.equal(text.startsWith('nmae'), true) ?? true;
        assert.equal(error.code, 'SCHEMAS_KEY_UNKNOWN', text);
        assert.ok(error.message.startsWith(`${place}: unknown key "`), error.message);
        assert.match(error.hint, hint);
        return true;
      },
    );
});

test('a wrong value is told in plain words, with its place', () => {
  const table: [string, RegExp][] = [
    ['name: 1\n', /^f\.yaml:1:1: name: must be text, not a number$/],
    ['name: [a]\n', /^f\.yaml:1:1: name: must be text, not a list$/],
    ['count: 1\n', /^f\.yaml:1:1: name: is missing \(text\)$/],
    ['name: a\ncount: 1.5\n', /^f\.yaml:2:1: count: /],
    ['name: a\ncount: x\n', /^f\.yaml:2:1: count: must be a number, not text$/],
    ['name: a\nlist: { kind: x }\n', /^f\.yaml:2:1: list: must be a list, not a map$/],
    ['name: a\nchoice: { url: 1 }\n', /^f\.yaml:2:11: choice\.url: must be text, not a number$/],
    ['', /^f\.yaml:1:1: file: must be a map, not empty$/],
    ['- a\n', /^f\.yaml:1:1: file: must be a map, not a list$/],
    ['text\n', /^f\.yaml:1:1: file: must be a map, not text$/],
  ];
  for (const [text, message] of table)
    assert.throws(() => check(text), { code: 'SCHEMAS_VALUE_INVALID', message }, text);
});

test('a number where text belongs is shown as it is written, in quotes', () => {
  assert.throws(() => check('name: 15.0\n'), { hint: 'Write it in quotes: "15.0".' });
});

test('the closest known key is suggested, or all of them', () => {
  assert.equal(suggestKey('dependancies', ['dependencies', 'description']), 'Did you mean "dependencies"?');
  assert.equal(suggestKey('nmae', ['name']), 'Did you mean "name"?');
  assert.match(suggestKey('zzz', ['name', 'type']), /Known keys here: name, type\./);
  assert.match(suggestKey('zzz', []), /Remove it/);
});

test('the distance counts a swap of neighbours as one step', () => {
  for (const [a, b, distance] of [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'abd', 1],
    ['ab', 'ba', 1],
    ['kitten', 'sitting', 3],
  ] as const)
    assert.equal(editDistance(a, b), distance, `${a} ${b}`);
});
