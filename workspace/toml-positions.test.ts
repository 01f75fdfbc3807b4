import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { tomlPositions } from './toml-positions.js';

const SAMPLE = `# top
title = "x" # [not.a.table]
[registry]
  url = "a"
dotted.key."with space" = 1

[a."b.c".d]
text = """
[fake]
key = 1
""" # end
after = [
  1, # ]
  "]",
  { x = 1 },
]
last = '''
[also.fake]'''
next = true

[[list]]
id = "one"
[[list]]
id = "two"
[list.sub]
deep = 1
`;

test('keys of a TOML file are found on their lines', () => {
  const at = tomlPositions(SAMPLE);
  const line = (...path: (string | number)[]) => at(path).line;
  assert.equal(line('title'), 2);
  assert.deepEqual(at(['registry', 'url']), { line: 4, column: 3 });
  assert.equal(line('registry', 'dotted', 'key', 'with space'), 5);
  assert.equal(line('a', 'b.c', 'd'), 7);
  assert.equal(line('a', 'b.c', 'd', 'text'), 8);
  assert.equal(line('a', 'b.c', 'd', 'after'), 12);
  assert.equal(line('a', 'b.c', 'd', 'after', 2, 'x'), 12);
  assert.equal(line('a', 'b.c', 'd', 'last'), 17);
  assert.equal(line('a', 'b.c', 'd', 'next'), 19);
  assert.equal(line('list', 0, 'id'), 22);
  assert.equal(line('list', 1, 'id'), 24);
  assert.equal(line('list', 1, 'sub', 'deep'), 26);
  assert.equal(line('nowhere'), 1);
});

test('every scalar of a generated TOML file is on a line that names its key', () => {
  const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,6}$/);
  const leaf = fc.oneof(
    fc.integer(),
    fc.boolean(),
    fc.string({ maxLength: 12 }),
    fc.array(fc.string({ maxLength: 4 }), { maxLength: 3 }),
  );
  const table = fc.letrec((tie) => ({
    table: fc.dictionary(key, fc.oneof({ maxDepth: 3 }, leaf, tie('table')), { maxKeys: 4 }),
  })).table;
  fc.assert(
    fc.property(table, (value) => {
      const text = stringify(value as Record<string, unknown>);
      const lines = text.split('\n');
      const at = tomlPositions(text);
      const check = (node: unknown, path: string[]) => {
        if (node !== null && typeof node === 'object' && !Array.isArray(node)) {
          for (const [name, child] of Object.entries(node)) check(child, [...path, name]);
        } else {
          assert.match(
            lines[at(path).line - 1]!,
            new RegExp(`^"?${path.at(-1)}"? =`),
            `${path.join('.')} in\n${text}`,
          );
        }
      };
      check(parse(text), []);
    }),
    { numRuns: 200, seed: 20_261_121 },
  );
});
