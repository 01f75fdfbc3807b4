import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '#base';
import { createRegistryClient, type RegistryClient } from './test/registry-client.js';
import { imageManifest } from './test/sample-content.js';
import { temporaryDirectory, withRegistry } from './test/with-registry.js';

const ROUNDS = 6;
const CLIENTS = 6;

const SERVER = `
const { startRegistry } = await import(process.argv[1]);
console.log((await startRegistry({ dataDir: process.argv[2], port: 0 })).url);
`;

async function startChild(dataDir: string): Promise<{ child: ChildProcess; url: string }> {
  const door = new URL('./index.js', import.meta.url).href;
  const args = ['--input-type=module', '-e', SERVER, door, dataDir];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, url };
}

/** What the server said yes to. */
interface Acknowledged {
  readonly blobs: Map<string, Buffer>;
  readonly tags: Map<string, string>;
  readonly uploads: Map<string, { sent: Buffer }>;
}

/** One client's life until its server dies: uploads in three ways, a manifest and a tag for each. */
async function work(client: RegistryClient, name: string, yes: Acknowledged): Promise<void> {
  for (let i = 0; ; i += 1) {
    const bytes = Buffer.alloc(1000 + ((i * 37_777) % 300_000), `${name}-${i} `);
    const digest = digestOf(bytes);
    if (i % 3 === 0) await client.pushBlob('crash', bytes);
    else {
      const { headers } = await client.call('POST', '/v2/crash/blobs/uploads/');
      const location = String(headers.location);
      const half = bytes.subarray(0, bytes.byteLength >> 1);
      assert.equal((await client.call('PATCH', location, { body: half })).status, 202);
      yes.uploads.set(location, { sent: half });
      if (i % 3 === 2) continue;
      const rest = bytes.subarray(half.byteLength);
      yes.uploads.delete(location);
      assert.equal((await client.call('PUT', `${location}?digest=${digest}`, { body: rest })).status, 201);
    }
    yes.blobs.set(digest, bytes);
    const config = { mediaType: 'test/config', digest, size: bytes.byteLength };
    const manifest = JSON.stringify(imageManifest([], { config }));
    const tag = `${name}-${i}`;
    assert.equal((await client.pushManifest('crash', tag, manifest)).status, 201);
    yes.tags.set(tag, digestOf(manifest));
  }
}

test(`kill -9 in the middle of pushes, ${ROUNDS} times: everything acknowledged reads back`, async (t) => {
  const dataDir = temporaryDirectory();
  const yes: Acknowledged = { blobs: new Map(), tags: new Map(), uploads: new Map() };
  for (let round = 0; round < ROUNDS; round += 1) {
    const { child, url } = await startChild(dataDir);
    const client = createRegistryClient(url);
    const working = Array.from({ length: CLIENTS }, (_, i) => work(client, `r${round}-c${i}`, yes));
    const ended = Promise.allSettled(working);
    await sleep(250 + round * 83);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    for (const each of await ended) {
      const reason = (each as PromiseRejectedResult).reason as Error & { code?: string };
      assert.ok(['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(String(reason.code)), String(reason));
    }
    client.close();
  }
  await withRegistry(
    async ({ client }) => {
      for (const [digest, bytes] of yes.blobs) {
        const { status, body } = await client.call('GET', `/v2/crash/blobs/${digest}`);
        assert.ok(status === 200 && body.equals(bytes), `blob ${digest}: ${status}`);
      }
      for (const [tag, digest] of yes.tags) {
        const { status, body } = await client.call('GET', `/v2/crash/manifests/${tag}`);
        assert.ok(status === 200 && digestOf(body) === digest, `tag ${tag}: ${status}`);
      }
      for (const [location, { sent }] of yes.uploads) {
        assert.equal(
          (await client.call('GET', location)).headers.range,
          `0-${sent.byteLength - 1}`,
          location,
        );
        const put = await client.call('PUT', `${location}?digest=${digestOf(sent)}`);
        assert.equal(put.status, 201, location);
      }
      const { tags } = (await client.call('GET', '/v2/crash/tags/list')).json<{ tags: string[] }>();
      for (const tag of tags)
        assert.equal((await client.call('GET', `/v2/crash/manifests/${tag}`)).status, 200);
    },
    { dataDir },
  );
  t.diagnostic(
    `${yes.blobs.size} blobs, ${yes.tags.size} tags, ${yes.uploads.size} unfinished uploads acknowledged`,
  );
  assert.ok(yes.tags.size >= ROUNDS);
  rmSync(dataDir, { recursive: true });
});
