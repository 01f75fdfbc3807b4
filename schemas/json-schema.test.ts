import assert from 'node:assert/strict';
import { test } from 'node:test';
import ajv2020 from 'ajv/dist/2020.js';
import { compileJsonSchema } from './json-schema.js';

const META = 'https://json-schema.org/draft/2020-12/schema';
/** Right and wrong ones, also deep inside, and those that name the meta-schema. */
const SCHEMAS: readonly Record<string, unknown>[] = [
  {},
  {
    $schema: META,
    type: 'object',
    properties: { port: { type: 'integer', minimum: 1 } },
    required: ['port'],
  },
  { type: 'objekt' },
  { properties: { a: { type: 3 } } },
  { properties: { a: { properties: { b: { minimum: 'x', items: [{}] } } } } },
  { $defs: { a: { anyOf: [] } }, $ref: '#/$defs/a' },
  { required: ['a', 'a'] },
  { allOf: [{ not: { type: 'nope' } }] },
  { $ref: '#/$defs/none' },
  { $ref: META },
  { properties: { schema: { $ref: META } } },
  { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' },
  { $schema: 'https://example.com/mine', type: 'object' },
  { $schema: 7 },
  { $ref: 'https://example.com/other.json' },
  { pattern: '(' },
  { $defs: { node: { $dynamicAnchor: 'node', properties: { next: { $dynamicRef: '#node' } } } } },
];
const VALUES: readonly unknown[] = [
  {},
  { port: 80 },
  { port: 0 },
  { a: 1, schema: { type: 'x' } },
  [],
  'text',
  null,
];

test('the compiled meta-schema says of every schema what the library says, and of every value', async () => {
  for (const schema of SCHEMAS) {
    const whole = new ajv2020.Ajv2020({
      strict: false,
      validateFormats: false,
      allErrors: true,
      logger: false,
      verbose: true,
    });
    const text = JSON.stringify(schema);
    const expected = outcome(() => whole.compile(schema));
    const actual = await compileJsonSchema(schema, { allErrors: true }).catch(
      (error: Error) => error.message,
    );
    if (typeof expected === 'string' || typeof actual === 'string') {
      assert.equal(actual, expected, text);
      continue;
    }
    for (const value of VALUES) {
      assert.equal(actual(value), expected(value), `${text} ${JSON.stringify(value)}`);
      assert.deepEqual(actual.errors, expected.errors, `${text} ${JSON.stringify(value)}`);
    }
  }
});

function outcome<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return (error as Error).message;
  }
}
