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
   * @throws REGISTRY_UPLOAD_UNKNOWN, REGISTRY_UPLOAD_OUT_OF_ORDER, REGISTRY_TRANSFER_INTERRUPTED
   */
  append(repository: string, id: string, chunk: Chunk): Promise<UploadState>;
  /** Appends and finishes: when it resolves, the blob is in the repository and durable. @throws REGISTRY_DIGEST_MISMATCH */
  finish(repository: string, id: string, last: Chunk & { readonly digest: Digest }): Promise<void>;
  /** @throws REGISTRY_UPLOAD_UNKNOWN */
  cancel(repository: string, id: string, body: IncomingMessage): Promise<void>;
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
}

/** A request that is writing to a session. */
interface Holder {
  /** Ended when the client comes back on another connection. */
  readonly body: IncomingMessage;
  readonly done: Promise<void>;
}

export interface UploadStores {
  readonly metadata: MetadataDb;
  readonly blobs: BlobDriver;
  readonly maxBlobBytes: number;
}

export function createUploadSessions({ metadata, blobs, maxBlobBytes }: UploadStores): UploadSessions {
  const warm = new Map<string, Session>();
  const holders = new Map<string, Holder>();

  const remember = (id: string, algorithm: DigestAlgorithm, digester: Digester | undefined): Session => {
    const session: Session = { id, algorithm, digester };
    warm.set(id, session);
    if (warm.size > MAX_WARM_SESSIONS) warm.delete(warm.keys().next().value!);
    return session;
  };

  const open = async (repository: string, id: string): Promise<Session> => {
    const record = await metadata.findUpload(id);
    if (record?.repository !== repository)
      throw new ProvError('REGISTRY_UPLOAD_UNKNOWN', { repository, upload: id });
    return warm.get(id) ?? remember(id, record.algorithm, undefined);
  };

  /** One request at a time for an upload; a newer one takes over from a connection that may be dead. */
  const exclusive = async <T>(id: string, body: IncomingMessage, run: () => Promise<T>): Promise<T> => {
    for (let holder = holders.get(id); holder !== undefined; holder = holders.get(id)) {
      holder.body.destroy();
      await holder.done;
    }
    let free = () => {};
    const done = new Promise<void>((resolve) => {
      free = resolve;
    });
    holders.set(id, { body, done });
    try {
      return await run();
    } finally {
      holders.delete(id);
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
      digester?.algorithm === algorithm && digester.bytes === size
        ? digester.digest()
        : await blobs.digestStaged(id, algorithm);
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
      exclusive(id, chunk.body, async () => {
        const session = await open(repository, id);
        return { id, offset: await receive(session, chunk) };
      }),
    put(repository, whole) {
      // No row: nobody else can know this upload, and a restart sweeps its bytes away.
      const session: Session = {
        id: randomUUID(),
        algorithm: digestAlgorithm(whole.digest),
        digester: undefined,
      };
      return exclusive(session.id, whole.body, async () => {
        try {
          await complete(repository, session, { digest: whole.digest, size: await receive(session, whole) });
        } catch (error) {
          await blobs.discard(session.id);
          throw error;
        }
      });
    },
    finish: (repository, id, last) =>
      exclusive(id, last.body, async () => {
        const session = await open(repository, id);
        try {
          await complete(repository, session, { digest: last.digest, size: await receive(session, last) });
        } catch (error) {
          if (isProvError(error, 'REGISTRY_DIGEST_MISMATCH')) await forget(id);
          throw error;
        }
        warm.delete(id);
      }),
    cancel: (repository, id, body) =>
      exclusive(id, body, async () => {
        await open(repository, id);
        await forget(id);
      }),
    async sweep() {
      const records = await metadata.listUploads();
      const oldest = Date.now() - UPLOAD_EXPIRY_MS;
      for (const { id, startedAt } of records) {
        if (startedAt < oldest && !holders.has(id)) await forget(id);
      }
      for (const id of await blobs.staged()) {
        if (holders.has(id) || (await metadata.findUpload(id)) !== undefined) continue;
        log.debug('removing bytes of an unknown upload', { upload: id });
        await blobs.discard(id);
      }
    },
  };
}
