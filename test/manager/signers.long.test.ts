import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { pushExtension, verifyReference } from '#manager';
import { parseReference, type RemoteReference } from '#schemas';
import { loadPublicKey, policyForKeys } from '#trust';
import { startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import type { Signing } from './signers.js';

/** Each with its own memory, as separate processes are. */
const WORKERS = 5;
const PER_WORKER = 4;
const NAMESPACE = 'team';

for (const [what, behaviour] of [
  ['with referrers and conditions', {}],
  ['without the referrers API', { referrersApi: false }],
  ['without the referrers API and without conditions', { referrersApi: false, conditional: false }],
] as const) {
  test(`20 of 20 signatures made at once stay, on a registry ${what}`, { timeout: 300_000 }, async (t) => {
    const folder = temporaryDirectory(t);
    const registry = await startFaultRegistry(behaviour);
    t.after(() => registry.close());
    const home = join(folder, 'home');
    mkdirSync(home);
    const env = { PATH: process.env['PATH'], HOME: home, PROVISIONING_HOME: home };
    const context = { provVersion: '0.1.0', env, cwd: folder };
    const dir = writeExtension(join(folder, 'source'), { name: 'redis' });
    await pushExtension({ dir, registry: registry.host, namespace: NAMESPACE }, context);
    const signing: Signing = { registry: registry.host, namespace: NAMESPACE, signers: PER_WORKER, folder };
    const pems = (await Promise.all(Array.from({ length: WORKERS }, () => signInWorker(signing)))).flat();
    assert.equal(pems.length, WORKERS * PER_WORKER);
    const reference = parseReference('redis:1.0.0', { registry: registry.host, namespace: NAMESPACE });
    const lost: string[] = [];
    for (const part of ['bundle', 'legacy'] as const) {
      const { tags, manifests } = registry.model.repository(`${NAMESPACE}/redis`);
      const sig = [...tags.keys()].find((tag) => tag.endsWith('.sig'))!;
      const kept = tags.get(sig)!;
      if (part === 'bundle') tags.delete(sig);
      else {
        for (const tag of [...tags.keys()].filter((each) => /^sha256-[0-9a-f]+$/.test(each)))
          tags.delete(tag);
        for (const [digest, { bytes }] of manifests)
          if (bytes.includes('"subject":{')) manifests.delete(digest);
      }
      for (const pem of pems) {
        const policy = policyForKeys([loadPublicKey(pem)]);
        await verifyReference({ reference: reference as RemoteReference, policy }, context).catch((error) =>
          lost.push(`${part}: ${error.message}`),
        );
      }
      tags.set(sig, kept);
    }
    assert.deepEqual(lost, []);
  });
}

function signInWorker(workerData: Signing): Promise<string[]> {
  const worker = new Worker(new URL('./signers.js', import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
