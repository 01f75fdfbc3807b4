import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { readBlockYaml, writeBlockYaml } from './lock-text.js';
import { parseYaml } from './yaml-file.js';

const word = fc.stringMatching(/^[a-z][a-z0-9./-]{0,8}$/);
const awkward = fc.constantFrom(
  ...[
    '',
    '1',
    '1.5',
    '1e3',
    '0x1f',
    '.inf',
    'null',
    'True',
    '~',
    '-',
    '- a',
    'a: b',
    'a #b',
    ' a',
    'a ',
    'a:',
  ],
  ...[
    '>=1.0.0 <2.0.0',
    '^1',
    '~1.2',
    '1.0.0',
    '1.0.0-a-',
    '*',
    '[]',
    '{}',
    '"',
    "'",
    '\\',
    'é',
    '#',
    '!x',
    'yes',
    '\u00a0',
    'a\u2028',
    '\ufeff',
    'a\u3000',
  ],
);
const text = fc.oneof(
  word,
  awkward,
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const treeOf = (key: fc.Arbitrary<string>, leaf: fc.Arbitrary<unknown>) =>
  fc.letrec<{ tree: Record<string, unknown>; value: unknown }>((tie) => ({
    tree: fc.dictionary(key, tie('value'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      tie('tree'),
      fc.array(leaf, { maxLength: 3 }),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  })).tree;
const tree = treeOf(fc.oneof(word, awkward), fc.oneof(text, fc.nat(), fc.boolean()));
const plain = fc.constantFrom('1.0.0', '^1.2', '~1', '(workspace)', '>=1.0.0 <2.0.0', 'a"b', 7, true, 'true');
const plainTree = treeOf(word, fc.oneof(word, plain));

test('what is written is read back by the strict reader as it was', () => {
  fc.assert(
    fc.property(tree, (value) => {
      assert.deepEqual(parseYaml(writeBlockYaml(value), 'lock').value, value);
    }),
    { numRuns: 300 },
  );
});

test('the bytes are those of the YAML library where no text has a line break', () => {
  fc.assert(
    fc.property(tree, (value) => {
      fc.pre(!/\\[nr]|\ufeff/.test(JSON.stringify(value)));
      assert.equal(writeBlockYaml(value), stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
    }),
    { numRuns: 300 },
  );
});

test('the fast reader gives what the strict one gives, or nothing, for any damage to the bytes', () => {
  let read = 0;
  const damage = fc.record({
    at: fc.nat(),
    cut: fc.nat(3),
    put: fc.constantFrom('', ' ', '\n', ':', '-', '- ', '  ', '"', '#', '1', 'a: b', '\t', '&a ', '\r'),
  });
  fc.assert(
    fc.property(plainTree, fc.array(damage, { maxLength: 2 }), (value, damages) => {
      let bytes = writeBlockYaml(value);
      for (const { at, cut, put } of damages) {
        const place = at % (bytes.length + 1);
        bytes = bytes.slice(0, place) + put + bytes.slice(place + cut);
      }
      const fast = readBlockYaml(bytes);
      if (fast === undefined) return;
      read++;
      assert.deepEqual(fast, parseYaml(bytes, 'lock').value);
    }),
    { numRuns: 1000 },
  );
  assert.ok(read > 20, `only ${read} were read`);
  assert.equal(readBlockYaml('# a\n'), undefined, 'a comment alone is nothing');
});

test('the fast reader takes what prov writes of plain names, versions, ranges and digests', () => {
  const value = {
    lockVersion: 1,
    inputs: { 'config/provisioning.yaml': `sha256:${'a1'.repeat(32)}` },
    extensions: [
      {
        name: 'redis',
        version: '1.0.0-rc.1+b',
        range: '>=1.0.0 <2.0.0',
        dependencies: [],
        requiredBy: ['(workspace)'],
      },
      { name: 'os', optional: true, source: { registry: 'main', repository: 'team/os' }, provides: {} },
    ],
  };
  assert.deepEqual(readBlockYaml(`# Written by prov.\n${writeBlockYaml(value)}`), value);
});

test('a lone surrogate and what is no value are refused', () => {
  for (const value of ['\ud800', Number.NaN, 1.5, null, () => 1])
    assert.throws(() => writeBlockYaml({ value }), { code: 'BASE_JSON_INVALID' });
});
