import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  type Digest,
  type DigestAlgorithm,
  Digester,
  digestAlgorithm,
  isProvError,
  log,
  ProvError,
} from '#base';
import { receiveBody } from './http/receive-body.js';
import type { BlobDriver } from './storage/blob-driver.js';
import type { MetadataDb } from './storage/metadata-db.js';

/** An upload that was started this long ago, and is not receiving, is given up. */
export const UPLOAD_EXPIRY_MS = 24 * 60 * 60 * 1000;
/** Sessions whose hash state is kept in memory; older ones are hashed again when they go on. */
const MAX_WARM_SESSIONS = 1000;

export interface UploadState {
  readonly id: string;
  readonly offset: number;
}

/** Unfinished uploads. They are rows and files, so that a restart of the server does not end them. */
export interface UploadSessions {
  start(repository: string, algorithm: DigestAlgorithm): Promise<UploadState>;
  /** Stores a blob that comes whole in one request; nothing of it stays when that fails. @throws REGISTRY_DIGEST_MISMATCH */
  put(repository: string, whole: Chunk & { readonly digest: Digest }): Promise<void>;
  /** @throws REGISTRY_UPLOAD_UNKNOWN */
  state(repository: string, id: string): Promise<UploadState>;
  /**
   * Appends a request's body and makes it durable. `start` is where the client believes it belongs.
   * @throws REGISTRY_UPLOAD_UNKNOWN, REGISTRY_UPLOAD_OUT_OF_ORDER, REGISTRY_UPLOAD_INTERRUPTED
   */
  append(repository: string, id: string, chunk: Chunk): Promise<UploadState>;
  /** Appends and finishes: when it resolves, the blob is in the repository and durable. @throws REGISTRY_DIGEST_MISMATCH */
  finish(repository: string, id: string, last: Chunk & { readonly digest: Digest }): Promise<void>;
  /** @throws REGISTRY_UPLOAD_UNKNOWN */
  cancel(repository: string, id: string): Promise<void>;
  /** Gives up uploads that have expired and files that belong to none. */
  sweep(): Promise<void>;
}

export interface Chunk {
  readonly body: IncomingMessage;
  readonly start: number | undefined;
  /** Bytes that the chunk must have, when the request says so. */
  readonly length: number | undefined;
}

interface Session {
  readonly id: string;
  readonly algorithm: DigestAlgorithm;
  /** Hash of the first `digester.bytes` bytes; undefined when it must be made again from the file. */
  digester: Digester | undefined;
  busy: Promise<void> | undefined;
  /** The connection that is writing, ended when the client comes back on another one. */
  body: IncomingMessage | undefined;
}

export interface UploadStores {
  readonly metadata: MetadataDb;
  readonly blobs: BlobDriver;
  readonly maxBlobBytes: number;
}

export function createUploadSessions({ metadata, blobs, maxBlobBytes }: UploadStores): UploadSessions {
  const warm = new Map<string, Session>();

  const remember = (id: string, algorithm: DigestAlgorithm, digester: Digester | undefined): Session => {
    const session: Session = { id, algorithm, digester, busy: undefined, body: undefined };
    warm.set(id, session);
    for (const [key, each] of warm) {
      if (warm.size <= MAX_WARM_SESSIONS) break;
      if (each.busy === undefined) warm.delete(key);
    }
    return session;
  };

  const open = async (repository: string, id: string): Promise<Session> => {
    const record = await metadata.findUpload(id);
    if (record?.repository !== repository)
      throw new ProvError('REGISTRY_UPLOAD_UNKNOWN', { repository, upload: id });
    return warm.get(id) ?? remember(id, record.algorithm, undefined);
  };

  /** One request at a time; a newer one takes over from a connection that may be dead. */
  const exclusive = async <T>(
    repository: string,
    id: string,
    body: IncomingMessage,
    run: (session: Session) => Promise<T>,
  ) => {
    let session = await open(repository, id);
    while (session.busy !== undefined) {
      session.body?.destroy();
      await session.busy;
      session = await open(repository, id);
    }
    let free = () => {};
    session.busy = new Promise((resolve) => {
      free = resolve;
    });
    session.body = body;
    try {
      return await run(session);
    } finally {
      session.busy = undefined;
      session.body = undefined;
      free();
    }
  };

  const warmUp = async (session: Session, size: number): Promise<Digester> => {
    if (session.digester?.bytes === size) return session.digester;
    const digester = new Digester(session.algorithm);
    if (size > 0) await blobs.replayStaged(session.id, (chunk) => digester.update(chunk));
    return digester;
  };

  const receive = async (session: Session, { body, start, length }: Chunk): Promise<number> => {
    const staged = await blobs.stage(session.id);
    try {
      if (start !== undefined && start !== staged.size) {
        throw new ProvError('REGISTRY_UPLOAD_OUT_OF_ORDER', { start, offset: staged.size });
      }
      const digester = await warmUp(session, staged.size);
      session.digester = undefined;
      const before = staged.size;
      const received = await receiveBody(body, maxBlobBytes - before, {
        prepare: (chunk) => digester.update(chunk),
        write: (chunks) => staged.append(chunks),
      });
      session.digester = digester;
      if (length !== undefined && length !== received) {
        throw new ProvError('REGISTRY_SIZE_MISMATCH', { expected: length, actual: received });
      }
      await staged.sync();
      return staged.size;
    } finally {
      await staged.close();
    }
  };

  const complete = async (
    repository: string,
    session: Session,
    { digest, size }: { digest: Digest; size: number },
  ) => {
    const { id, digester } = session;
    const algorithm = digestAlgorithm(digest);
    session.digester = undefined;
    const actual =
      digester?.algorithm === algorithm ? digester.digest() : await blobs.digestStaged(id, algorithm);
    if (actual !== digest) throw new ProvError('REGISTRY_DIGEST_MISMATCH', { expected: digest, actual });
    await blobs.publish(id, digest);
    await metadata.addBlob(repository, { digest, size, upload: id });
  };

  const forget = async (id: string) => {
    warm.delete(id);
    await metadata.removeUpload(id);
    await blobs.discard(id);
  };

  return {
    async start(repository, algorithm) {
      const id = randomUUID();
      await metadata.addUpload({ id, repository, algorithm, startedAt: Date.now() });
      remember(id, algorithm, new Digester(algorithm));
      return { id, offset: 0 };
    },
    async state(repository, id) {
      await open(repository, id);
      return { id, offset: await blobs.stagedSize(id) };
    },
    append: (repository, id, chunk) =>
      exclusive(repository, id, chunk.body, async (session) => ({
        id,
        offset: await receive(session, chunk),
      })),
    async put(repository, whole) {
      // No row: nobody else can know this upload, and a restart sweeps its bytes away.
      const session = remember(randomUUID(), digestAlgorithm(whole.digest), undefined);
      session.busy = Promise.resolve();
      try {
        await complete(repository, session, { digest: whole.digest, size: await receive(session, whole) });
      } catch (error) {
        await blobs.discard(session.id);
        throw error;
      } finally {
        warm.delete(session.id);
      }
    },
    finish: (repository, id, last) =>
      exclusive(repository, id, last.body, async (session) => {
        try {
          await complete(repository, session, { digest: last.digest, size: await receive(session, last) });
        } catch (error) {
          if (isProvError(error, 'REGISTRY_DIGEST_MISMATCH')) await forget(id);
          throw error;
        }
        warm.delete(id);
      }),
    async cancel(repository, id) {
      const session = await open(repository, id);
      session.body?.destroy();
      await session.busy;
      await forget(id);
    },
    async sweep() {
      const records = await metadata.listUploads();
      const oldest = Date.now() - UPLOAD_EXPIRY_MS;
      for (const { id, startedAt } of records) {
        if (startedAt < oldest && warm.get(id)?.busy === undefined) await forget(id);
      }
      for (const id of await blobs.staged()) {
        if (warm.get(id)?.busy !== undefined || (await metadata.findUpload(id)) !== undefined) continue;
        log.debug('removing bytes of an unknown upload', { upload: id });
        await blobs.discard(id);
      }
    },
  };
}
