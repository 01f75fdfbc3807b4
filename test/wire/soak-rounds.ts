import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { ProvError } from '#base';
import { bytesSource, createRemoteRegistry, type RemoteRepository } from '#oci';
import { type Descriptor, MEDIA } from '#schemas';
import { hash, seeded, startFaultRegistry } from '../fault-registry/index.js';
import { drawFaults, type FaultKind } from './draw-faults.js';

const MIB = 1024 * 1024;

/** Bytes that depend on the seed only, made without the client's hashing. */
function bytesFrom(random: () => number, size: number): Buffer {
  const block = createHash('sha512').update(`${random()}`).digest();
  const bytes = Buffer.alloc(size, block);
  for (let at = 0; at < size; at += 4096)
    bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), Math.min(at, size - 4));
  return bytes;
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function pushed(repository: RemoteRepository, bytes: Buffer, blob: Descriptor): Promise<Descriptor> {
  await repository.push(blob, bytesSource(bytes));
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociManifest, config: blob, layers: [] }),
  );
  return repository.pushManifest(manifest, MEDIA.ociManifest, { tags: ['latest'] });
}

/** Pushes and pulls through faults; every round ends in the right bytes or in a named error. */
export async function soak(t: TestContext, rounds: number): Promise<void> {
  const seed = Number(process.env['PROV_SOAK_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`seed ${seed} (PROV_SOAK_SEED repeats it)`);
  const random = seeded(seed);
  const drawn = new Map<FaultKind, number>();
  const errors = new Map<string, number>();
  let right = 0;
  for (let round = 0; round < rounds; round += 1) {
    const server = await startFaultRegistry({
      auth: { type: 'bearer', users: ['anna:secret-word'] },
      referrersApi: random() < 0.5,
      conditional: random() < 0.8,
      movingLocation: random() < 0.3,
    });
    const registry = createRemoteRegistry({
      registry: server.host,
      credentials: {
        find: async () => ({ credential: { username: 'anna', password: 'secret-word' }, source: 'the test' }),
      },
      retry: { attempts: 5, baseDelayMs: 1, maxDelayMs: 4 },
      timeouts: { answerMs: 5000, stallMs: 5000 },
      env: {},
    });
    try {
      const repository = registry.repository('ns/app');
      const bytes = bytesFrom(random, random() < 0.15 ? 17 * MIB : 1 + Math.floor(random() * 600_000) + 4);
      const blob = {
        mediaType: MEDIA.octetStream,
        digest: hash(bytes) as Descriptor['digest'],
        size: bytes.length,
      };
      drawFaults(server, { random, most: 8, bytes: bytes.length }, drawn);
      try {
        const descriptor = await pushed(repository, bytes, blob);
        const stored = server.model.repository('ns/app');
        assert.ok(
          stored.blobs.get(blob.digest)?.equals(bytes),
          `seed ${seed}, round ${round}: the blob that was pushed`,
        );
        assert.equal(stored.tags.get('latest'), descriptor.digest, `seed ${seed}, round ${round}`);
        assert.equal((await repository.resolve('latest')).digest, descriptor.digest);
        assert.ok(
          (await readAll(await repository.fetch(blob))).equals(bytes),
          `seed ${seed}, round ${round}: the blob that was pulled`,
        );
        right += 1;
      } catch (error) {
        if (!(error instanceof ProvError)) throw error;
        errors.set(error.code, (errors.get(error.code) ?? 0) + 1);
        // A failure leaves nothing wrong behind: once the faults are over the same push succeeds.
        server.clearFaults();
        await pushed(repository, bytes, blob);
        assert.ok(
          (await readAll(await repository.fetch(blob))).equals(bytes),
          `seed ${seed}, round ${round}: after the faults`,
        );
      }
      for (const [digest, stored] of server.model.repository('ns/app').blobs)
        assert.equal(hash(stored), digest, `seed ${seed}, round ${round}: what the registry keeps`);
    } finally {
      registry.close();
      await server.close();
    }
  }
  const total = [...drawn.values()].reduce((sum, each) => sum + each, 0);
  const list = (map: ReadonlyMap<string, number>) =>
    [...map].map(([name, count]) => `${name} ${count}`).join(', ');
  t.diagnostic(`${rounds} rounds, ${right} without an error, ${total} faults: ${list(drawn)}`);
  t.diagnostic(`named errors: ${list(errors) || 'none'}`);
  assert.ok(right > rounds / 3, `seed ${seed}: only ${right} of ${rounds} rounds went well; ${list(errors)}`);
}
