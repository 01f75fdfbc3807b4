import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { blobOf, clientOf, fixture, sourceOf } from './test-support.js';

const MIB = 1024 * 1024;
const SIZE = 30 * MIB;
/** Content that a second process can make again. */
const CONTENT = Buffer.alloc(SIZE, 'prov resumes uploads. ');

test('an upload killed in the middle goes on in the next process, one chunk back at most', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'prov-journal-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const { server } = await fixture(t);
  server.fault({ method: 'PATCH', after: 2, does: { hang: true } });
  const door = pathToFileURL(join(import.meta.dirname, 'remote-registry.js')).href;
  const script = `
    const { createRemoteRegistry } = await import(${JSON.stringify(door)});
    const bytes = Buffer.alloc(${SIZE}, 'prov resumes uploads. ');
    const registry = createRemoteRegistry({ registry: ${JSON.stringify(server.host)}, uploadJournalDir: ${JSON.stringify(directory)}, env: {} });
    await registry.repository('ns/app').push(${JSON.stringify(blobOf(CONTENT))}, async function* () { yield bytes; });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  while (server.seen.filter(({ method }) => method === 'PATCH').length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(child.exitCode, null);
  }
  child.kill('SIGKILL');
  await exited;
  const [file, ...others] = readdirSync(directory);
  assert.equal(others.length, 0);
  assert.equal(statSync(join(directory, file ?? '')).mode & 0o777, 0o600);

  const registry = clientOf(t, server.host, { uploadJournalDir: directory });
  const before = server.seen.length;
  await registry.repository('ns/app').push(blobOf(CONTENT), sourceOf(CONTENT));
  const after = server.seen.slice(before);
  assert.deepEqual(server.model.repository('ns/app').blobs.get(blobOf(CONTENT).digest), CONTENT);
  assert.equal(after.filter(({ method }) => method === 'POST').length, 0);
  assert.equal(
    after.reduce((sum, { received }) => sum + received, 0),
    SIZE - 16 * MIB,
  );
  assert.deepEqual(readdirSync(directory), []);
});

test('a remembered session that the registry dropped is begun again', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'prov-journal-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const { server, repository } = await fixture(
    t,
    {},
    { uploadJournalDir: directory, retry: { attempts: 1 } },
  );
  server.fault({ method: 'PATCH', after: 1, does: { answer: { status: 500 } } });
  await assert.rejects(repository.push(blobOf(CONTENT), sourceOf(CONTENT)), {
    code: 'OCI_REMOTE_UNAVAILABLE',
  });
  assert.equal(readdirSync(directory).length, 1);
  server.model.uploads.clear();
  await repository.push(blobOf(CONTENT), sourceOf(CONTENT));
  assert.ok(server.model.repository('ns/app').blobs.has(blobOf(CONTENT).digest));
  assert.equal(server.count('POST'), 2);
  assert.deepEqual(readdirSync(directory), []);
});
