import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { paxRecord, type RawEntry, rawEntry, rawTar } from '../testing/raw-tar.js';
import { encodeTarHeader } from './tar-header.js';
import { scanTar, TarDamage, type TarMember } from './tar-scan.js';

const GIB = 1024 ** 3;

async function scan(bytes: Buffer, size = bytes.length): Promise<TarMember[]> {
  const found: TarMember[] = [];
  const readAt = async (position: number, length: number) => bytes.subarray(position, position + length);
  for await (const member of scanTar(readAt, size, 50)) found.push(member);
  return found;
}

test('sizes of 8 GiB and more are read in base-256 and from PAX records', async () => {
  const header = encodeTarHeader({ path: 'blobs/a', type: 'file', mode: 0o644, size: 9 * GIB, mtime: 0 })!;
  assert.deepEqual(await scan(Buffer.from(header), 10 * GIB), [
    { path: 'blobs/a', offset: 512, size: 9 * GIB },
  ]);
  const pax = Buffer.concat([
    rawEntry({ path: 'pax', type: 'x', content: paxRecord('size', String(9 * GIB)) }),
    rawEntry({ path: 'big' }),
  ]);
  assert.deepEqual(await scan(pax, 10 * GIB), [{ path: 'big', offset: pax.length, size: 9 * GIB }]);
});

test('our own headers read back, whatever the path', async () => {
  const path = fc
    .array(fc.stringMatching(/^[a-zé漢]{1,40}$/), { minLength: 1, maxLength: 8 })
    .map((parts) => parts.join('/'));
  await fc.assert(
    fc.asyncProperty(path, fc.nat(2000), async (name, size) => {
      const header = encodeTarHeader({ path: name, type: 'file', mode: 0o644, size, mtime: 7 });
      if (header === undefined) return assert.ok(Buffer.byteLength(name) > 100);
      const tar = Buffer.concat([header, Buffer.alloc(Math.ceil(size / 512) * 512), Buffer.alloc(1024)]);
      assert.deepEqual(await scan(tar), [{ path: name, offset: 512, size }]);
    }),
    { numRuns: 60 },
  );
});

const damaged: [string, Buffer][] = [
  [
    'a header cut off',
    rawTar([{ path: 'a', content: 'x' }])
      .subarray(0, 700)
      .subarray(0, 600)
      .subarray(0, 300),
  ],
  ['a wrong checksum', rawTar([{ path: 'a', checksum: 3 }])],
  ['content past the end', rawTar([{ path: 'a', size: 5000 }])],
  ['content of 8 exbibytes', rawTar([{ path: 'a', size: Number.MAX_SAFE_INTEGER * 512 }])],
  ['too many entries', rawTar(Array.from({ length: 51 }, (_, i): RawEntry => ({ path: String(i) })))],
  ['a PAX header without end', rawTar([{ path: 'p', type: 'x', content: '99 path=x\n' }, { path: 'a' }])],
  [
    'a negative PAX size',
    rawTar([{ path: 'p', type: 'x', content: paxRecord('size', '-1') }, { path: 'a' }]),
  ],
  ['a global PAX path', rawTar([{ path: 'g', type: 'g', content: paxRecord('path', 'x') }, { path: 'a' }])],
  ['a huge PAX header', rawTar([{ path: 'p', type: 'x', content: Buffer.alloc(2 ** 20 + 1) }])],
];
for (const [name, bytes] of damaged) {
  test(`a tar with ${name} stops the scan`, () => assert.rejects(scan(bytes), TarDamage));
}

test('random bytes end in members inside the file or in damage, never in anything else', async () => {
  const good = rawTar([
    { path: 'a', content: 'x'.repeat(600) },
    { path: 'p', type: 'x', content: paxRecord('path', 'b') },
    { path: 'b', content: 'y' },
  ]);
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, value) => {
      const bytes = Buffer.from(good);
      bytes[at] = value;
      try {
        for (const member of await scan(bytes)) assert.ok(member.offset + member.size <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof TarDamage, String(error));
      }
    }),
    { numRuns: 300 },
  );
});
