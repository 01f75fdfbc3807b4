import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { digestOf, isProvError, ProvError } from '#base';
import type { BlobDriver } from './storage/blob-driver.js';
import { openFileBlobDriver } from './storage/file-blob-driver.js';
import type { MetadataDb } from './storage/metadata-db.js';
import { openSqliteMetadata } from './storage/sqlite-metadata.js';
import { temporaryDirectory } from './test/with-registry.js';
import { createUploadSessions, UPLOAD_EXPIRY_MS, type UploadSessions } from './upload-sessions.js';

const content = 'some content';
const digest = digestOf(content);
const code = (expected: Parameters<typeof isProvError>[1]) => (error: unknown) =>
  isProvError(error, expected);
const chunk = (text: string, start?: number) => ({
  body: Readable.from(text === '' ? [] : [Buffer.from(text)]) as unknown as IncomingMessage,
  start,
  length: undefined,
});

interface Parts {
  readonly sessions: UploadSessions;
  readonly metadata: MetadataDb;
  readonly blobs: BlobDriver;
  readonly dataDir: string;
  /** Makes the step of this name fail from now on, or none. */
  fail(step: string | undefined): void;
}

/** Sessions over real stores of which single steps can be made to fail. */
async function withParts(body: (parts: Parts) => Promise<void>): Promise<void> {
  const dataDir = temporaryDirectory();
  const metadata = await openSqliteMetadata(join(dataDir, 'registry.db'));
  const blobs = await openFileBlobDriver(dataDir);
  let failing: string | undefined;
  const fault = (step: string) => {
    if (failing === step) throw new ProvError('BASE_DISK_FULL', { path: 'x', reason: 'ENOSPC' });
  };
  const faultyBlobs: BlobDriver = {
    ...blobs,
    async stage(id) {
      fault('stage');
      const staged = await blobs.stage(id);
      return {
        get size() {
          return staged.size;
        },
        async append(chunks) {
          fault('append');
          await staged.append(chunks);
        },
        async sync() {
          fault('sync');
          await staged.sync();
        },
        close: () => staged.close(),
      };
    },
    async publish(id, name) {
      fault('publish');
      await blobs.publish(id, name);
    },
  };
  const faultyMetadata: MetadataDb = {
    ...metadata,
    async addBlob(repository, blob) {
      fault('commit');
      await metadata.addBlob(repository, blob);
    },
  };
  const sessions = createUploadSessions({ metadata: faultyMetadata, blobs: faultyBlobs, maxBlobBytes: 1000 });
  try {
    await body({
      sessions,
      metadata,
      blobs,
      dataDir,
      fail: (step) => {
        failing = step;
      },
    });
  } finally {
    await metadata.close();
    rmSync(dataDir, { recursive: true });
  }
}

for (const step of ['stage', 'append', 'sync', 'publish', 'commit']) {
  test(`a full disk at "${step}" acknowledges nothing, and the client can go on afterwards`, () =>
    withParts(async ({ sessions, metadata, blobs, fail }) => {
      fail(step);
      await assert.rejects(sessions.put('r', { ...chunk(content), digest }), code('BASE_DISK_FULL'));
      assert.deepEqual(await blobs.staged(), [], 'nothing of a single request stays');

      fail(undefined);
      const { id } = await sessions.start('r', 'sha256');
      await sessions.append('r', id, chunk(content.slice(0, 4), 0));
      fail(step);
      const last = { ...chunk(content.slice(4), 4), digest };
      await assert.rejects(sessions.finish('r', id, last), code('BASE_DISK_FULL'));
      assert.equal(await metadata.findBlob('r', digest), undefined);
      fail(undefined);
      const { offset } = await sessions.state('r', id);
      const rest = step === 'commit' ? content : content.slice(offset);
      await sessions.finish('r', id, { ...chunk(rest), digest });
      assert.equal(await metadata.findBlob('r', digest), content.length);
      assert.equal(await blobs.size(digest), content.length);
    }));
}

test('uploads that have expired are given up, others stay', () =>
  withParts(async ({ sessions, metadata, dataDir }) => {
    const old = {
      id: 'old',
      repository: 'r',
      algorithm: 'sha256',
      startedAt: Date.now() - UPLOAD_EXPIRY_MS - 1,
    } as const;
    await metadata.addUpload(old);
    const { id } = await sessions.start('r', 'sha256');
    await sessions.append('r', 'old', chunk(content));
    await sessions.append('r', id, chunk(content));
    await sessions.sweep();
    await assert.rejects(sessions.state('r', 'old'), code('REGISTRY_UPLOAD_UNKNOWN'));
    assert.ok(!existsSync(join(dataDir, 'uploads', 'old')));
    assert.equal((await sessions.state('r', id)).offset, content.length);
  }));

test('an upload above the limit is refused, over all its chunks', () =>
  withParts(async ({ sessions }) => {
    const { id } = await sessions.start('r', 'sha256');
    await sessions.append('r', id, chunk('x'.repeat(600)));
    await assert.rejects(sessions.append('r', id, chunk('x'.repeat(600))), code('BASE_LIMIT_EXCEEDED'));
    assert.equal((await sessions.state('r', id)).offset, 600);
  }));

test('a connection that breaks keeps what was written, and says so', () =>
  withParts(async ({ sessions }) => {
    const { id } = await sessions.start('r', 'sha256');
    await sessions.append('r', id, chunk(content));
    const broken = new Readable({ read: () => {} });
    broken.on('error', () => {});
    broken.push('more');
    setImmediate(() => broken.destroy(new Error('socket hang up')));
    const body = broken as unknown as IncomingMessage;
    const appended = sessions.append('r', id, { body, start: undefined, length: undefined });
    await assert.rejects(appended, code('REGISTRY_TRANSFER_INTERRUPTED'));
    assert.ok((await sessions.state('r', id)).offset >= content.length);
  }));
