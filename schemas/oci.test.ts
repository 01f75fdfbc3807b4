import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '#base';
import { MEDIA } from './media-types.js';
import { imageManifestSchema, isManifestType, parseOciManifest, parseWire } from './oci.js';

const descriptor = { mediaType: MEDIA.octetStream, digest: digestOf('x'), size: 1 };
const manifest = { schemaVersion: 2, mediaType: MEDIA.ociManifest, config: descriptor, layers: [descriptor] };
const index = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [descriptor] };
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const refused = { code: 'SCHEMAS_WIRE_INVALID' };

test('manifests and indexes of OCI and Docker are told apart by their type', () => {
  assert.equal(parseOciManifest(bytes(manifest), MEDIA.ociManifest).kind, 'manifest');
  assert.equal(parseOciManifest(bytes(index), MEDIA.ociIndex).kind, 'index');
  const docker = { ...manifest, mediaType: MEDIA.dockerManifest };
  assert.equal(parseOciManifest(bytes(docker), MEDIA.dockerManifest).kind, 'manifest');
  const list = { ...index, mediaType: MEDIA.dockerManifestList };
  assert.equal(parseOciManifest(bytes(list), MEDIA.dockerManifestList).kind, 'index');
  const { mediaType: _, ...silent } = manifest;
  assert.equal(parseOciManifest(bytes(silent), MEDIA.ociManifest).kind, 'manifest');
  for (const type of [MEDIA.ociManifest, MEDIA.ociIndex, MEDIA.dockerManifest, MEDIA.dockerManifestList])
    assert.equal(isManifestType(type), true);
  assert.equal(isManifestType(MEDIA.octetStream), false);
});

test('unknown members are kept at every level', () => {
  const more = { ...manifest, later: { a: [1] }, layers: [{ ...descriptor, later: true }] };
  const parsed = parseOciManifest(bytes(more), MEDIA.ociManifest);
  assert.ok(parsed.kind === 'manifest');
  assert.deepEqual(parsed.manifest, more);
});

test('a body that says another type than it was served with is refused', () => {
  assert.throws(() => parseOciManifest(bytes(manifest), MEDIA.dockerManifest), {
    ...refused,
    message: /its mediaType says application\/vnd\.oci\.image\.manifest/,
  });
  assert.throws(() => parseOciManifest(bytes(index), MEDIA.ociManifest), refused);
  assert.throws(() => parseOciManifest(bytes({ ...manifest, mediaType: 7 }), MEDIA.ociManifest), refused);
});

test('a manifest and an index at once is refused under either type (CVE-2021-41190)', () => {
  for (const both of [
    { schemaVersion: 2, config: descriptor, layers: [], manifests: [descriptor] },
    { schemaVersion: 2, layers: [], manifests: [] },
    { schemaVersion: 2, config: null, manifests: [] },
  ])
    for (const type of [MEDIA.ociManifest, MEDIA.ociIndex])
      assert.throws(() => parseOciManifest(bytes(both), type), { ...refused, message: /at once/ });
});

test('what is no manifest is refused with our error', () => {
  const bodies: (string | Uint8Array)[] = [
    '',
    'null',
    '[]',
    '"x"',
    '1',
    '{',
    '{}',
    JSON.stringify({ ...manifest, schemaVersion: 1 }),
    JSON.stringify({ ...manifest, layers: {} }),
    JSON.stringify({ ...manifest, config: { ...descriptor, digest: 'sha256:0' } }),
    JSON.stringify({ ...manifest, config: { ...descriptor, size: -1 } }),
    JSON.stringify({ ...manifest, config: { ...descriptor, size: 1.5 } }),
    JSON.stringify({ ...manifest, config: { ...descriptor, size: 2 ** 60 } }),
    JSON.stringify({ ...manifest, config: { ...descriptor, mediaType: '' } }),
    JSON.stringify({ ...manifest, annotations: { a: 1 } }),
    Buffer.concat([bytes(manifest), Buffer.from([0xff])]),
    Buffer.from([0xff, 0xfe, 0x7b, 0x00]),
    '['.repeat(100_000),
  ];
  for (const body of bodies)
    assert.throws(() => parseOciManifest(Buffer.from(body as string), MEDIA.ociManifest), refused);
});

test('a manifest with many layers is read in time', () => {
  const layers = Array.from({ length: 20_000 }, () => descriptor);
  const started = performance.now();
  const parsed = parseOciManifest(bytes({ ...manifest, layers }), MEDIA.ociManifest);
  assert.ok(parsed.kind === 'manifest' && parsed.manifest.layers.length === layers.length);
  assert.ok(performance.now() - started < 2000);
});

test('the first problem is named with its path', () => {
  const broken = { ...manifest, layers: [descriptor, { ...descriptor, size: 'x' }] };
  assert.throws(() => parseWire(imageManifestSchema, broken, 'it'), {
    ...refused,
    message: /^it does not have the expected shape: layers\.1\.size: /,
  });
});
