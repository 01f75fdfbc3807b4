import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import { accepts } from './accepts.js';
import { contentsDocumentSchema } from './closure-document.js';
import { configBlobSchema, dependencyFactsSchema } from './config-blob.js';
import { indexDocumentSchema, indexEntrySchema } from './index-document.js';
import { lockSchema } from './lock.js';
import { descriptorSchema, imageIndexSchema, imageManifestSchema } from './oci.js';

const digest = `sha256:${'a'.repeat(64)}`;
const content = { mediaType: 'a/b', digest, size: 1 };
const deps = {
  dependencies: { b: { version: '^1.0.0', kind: 'taskserv' } },
  conflicts: { c: '*' },
  provides: { x: { version: '1.0.0', exclusive: true } },
  platforms: ['linux/amd64'],
  compatibility: { provisioning: '>=0.1.0' },
};
const entry = { version: '1.0.0', digest, size: 1, kind: 'taskserv', deps, state: 'active', later: [1] };
const lockEntry = {
  kind: 'taskserv',
  name: 'web',
  version: '1.0.0',
  source: { registry: 'main', repository: 'a/web' },
  manifest: content,
  config: content,
  layers: [{ ...content, tar: digest }],
  dependencies: [{ name: 'b', range: '^1', version: '1.0.0', optional: true }],
  signatures: { bundles: [digest] },
  requiredBy: ['(workspace)'],
};
const { manifest: _manifest, config: _config, signatures: _signatures, ...ofAnywhere } = lockEntry;
const local = {
  ...ofAnywhere,
  source: { path: 'own', tree: digest },
  layers: [],
  skipped: [],
  provides: { y: '1.0.0' },
};
/** What is read by the thousand, each with a value that is right. */
const HOT: readonly (readonly [string, z.ZodType, unknown])[] = [
  ['descriptor', descriptorSchema, { ...content, platform: { os: 'linux', architecture: 'amd64' } }],
  ['manifest', imageManifestSchema, { schemaVersion: 2, config: content, layers: [content], more: { a: 1 } }],
  ['image index', imageIndexSchema, { schemaVersion: 2, manifests: [content], annotations: { a: 'b' } }],
  ['facts', dependencyFactsSchema, deps],
  [
    'config',
    configBlobSchema,
    { schema: 1, name: 'web', type: 'taskserv', version: '1.0.0', description: '', ...deps },
  ],
  ['index entry', indexEntrySchema, entry],
  ['index', indexDocumentSchema, { v: 1, repository: 'a/web', entries: [entry] }],
  [
    'contents',
    contentsDocumentSchema,
    {
      v: 1,
      items: [{ repository: 'a/web', digest, mediaType: 'a/b', referrers: [content], content: [digest] }],
      content: { [digest]: 'text' },
      truncated: false,
    },
  ],
  [
    'lock',
    lockSchema,
    {
      lockVersion: 1,
      inputs: { 'a.yaml': digest },
      policy: {
        strategy: 'latest',
        prerelease: 'never',
        platforms: [],
        publishedBefore: '2026-01-01T00:00:00Z',
      },
      extensions: [lockEntry, local],
    },
  ],
];
const ODD = [
  '',
  ' ',
  'x',
  '../x',
  -1,
  0,
  1.5,
  2,
  true,
  null,
  [],
  {},
  [null],
  { a: 1 },
  'Z'.repeat(64),
  digest,
];

/** A copy with one member somewhere replaced, removed, renamed or added. */
function damaged(value: unknown, pick: (count: number) => number): unknown {
  const copy = JSON.parse(JSON.stringify(value)) as unknown;
  const places: Record<string, unknown>[] = [];
  const collect = (each: unknown) => {
    if (typeof each !== 'object' || each === null) return;
    places.push(each as Record<string, unknown>);
    for (const member of Object.values(each)) collect(member);
  };
  collect(copy);
  const place = places[pick(places.length)]!;
  const key = Object.keys(place)[pick(Math.max(1, Object.keys(place).length))] ?? 'none';
  const odd = ODD[pick(ODD.length)];
  const action = pick(5);
  if (action === 0) delete place[key];
  else if (action === 1) place['unknown'] = odd;
  else if (action === 2 && !Array.isArray(place))
    Object.defineProperty(place, '__proto__', { value: odd, enumerable: true, configurable: true });
  else place[key] = odd;
  return JSON.parse(JSON.stringify(copy));
}

test('what is right is accepted without the schema, which would give back the same', () => {
  for (const [name, schema, value] of HOT) {
    assert.ok(accepts(schema, value), name);
    assert.deepEqual(schema.parse(value), value, name);
  }
});

test('what is accepted is what the schema takes and leaves as it is, whatever was changed', () => {
  let accepted = 0;
  const runs = 3000;
  fc.assert(
    fc.property(
      fc.nat(HOT.length - 1),
      fc.infiniteStream(fc.nat(1 << 20)),
      fc.boolean(),
      (which, choices, again) => {
        const pick = (count: number) => (choices.next().value as number) % count;
        const [name, schema, value] = HOT[which]!;
        const once = damaged(value, pick);
        const given = again ? damaged(once, pick) : once;
        const taken = schema.safeParse(given);
        if (!accepts(schema, given)) return;
        accepted += 1;
        assert.ok(taken.success, name);
        assert.deepEqual(taken.data, given, name);
      },
    ),
    { numRuns: runs, includeErrorInReport: true },
  );
  assert.ok(accepted > runs / 20 && accepted < (runs * 19) / 20, `${accepted} of ${runs} were accepted`);
});

test('what changes a value is left to the schema, and so is the judgement of formats', () => {
  const cases: readonly (readonly [z.ZodType, unknown])[] = [
    [z.string().transform((text) => `${text}!`), 'a'],
    [z.string().trim(), ' a'],
    [z.coerce.string(), 1],
    [z.url(), 'a'],
    [z.strictObject({ at: z.iso.datetime() }), { at: 'today' }],
    [z.string().regex(/a/g), 'b'],
    [z.object({ a: z.string() }), { a: 'a', b: 'is dropped' }],
    [z.string().default('a'), undefined],
    [z.union([z.strictObject({ a: z.string().default('x') }), z.looseObject({})]), {}],
    [z.record(z.enum(['a']), z.string()), { a: 'b' }],
    [z.looseObject({}), Object.create({ inherited: 1 })],
    [z.looseObject({}), new Date()],
    [z.array(z.string()), { length: 0 }],
  ];
  for (const [schema, value] of cases) assert.equal(accepts(schema, value), false);
  assert.ok(accepts(z.string().default('a'), 'b'));
  assert.ok(accepts(z.strictObject({ at: z.iso.datetime() }), { at: '2026-01-01T00:00:00Z' }));
  assert.ok(accepts(z.string().trim(), 'a'));
});
