import { createHash, type Hash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cleanup } from '../support/temporary-directory.js';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const PIECE = Buffer.alloc(1024 * 1024);
const BLOB = /\/blobs\/(sha256:[0-9a-f]{64})$/;
const UPLOAD = /\/blobs\/uploads\/(\d+)$/;
const MANIFEST = /\/manifests\/([^/]+)$/;

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** What a registry for one huge blob has seen and what it has to give. It keeps no byte of a blob. */
export interface ZerosRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Digest, as it was counted here, to bytes. */
  readonly received: ReadonlyMap<string, number>;
  /** By tag and by digest. */
  readonly manifests: Map<string, StoredManifest>;
  /** Blobs of zeros that it serves: digest to bytes. */
  readonly zeros: Map<string, number>;
}

interface Upload {
  readonly hash: Hash;
  bytes: number;
}

/** A registry that hashes and counts what is pushed, forgets it, and makes up the zeros that are pulled. */
export async function startZerosRegistry(t: Cleanup): Promise<ZerosRegistry> {
  const received = new Map<string, number>();
  const manifests = new Map<string, StoredManifest>();
  const zeros = new Map<string, number>();
  const uploads: Upload[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://registry');
    const { method = 'GET' } = request;
    const end = (status: number, headers: Record<string, string | number> = {}, body?: Buffer) =>
      response.writeHead(status, { 'content-length': body?.byteLength ?? 0, ...headers }).end(body);
    const [, blob] = BLOB.exec(url.pathname) ?? [];
    const [, upload] = UPLOAD.exec(url.pathname) ?? [];
    const [, name] = MANIFEST.exec(url.pathname) ?? [];
    if (method === 'POST') {
      uploads.push({ hash: createHash('sha256'), bytes: 0 });
      return void end(202, { location: `${url.pathname}${uploads.length - 1}` });
    }
    if (upload !== undefined) {
      const session = uploads[Number(upload)]!;
      for await (const chunk of request) {
        session.hash.update(chunk as Buffer);
        session.bytes += (chunk as Buffer).byteLength;
      }
      if (method !== 'PUT')
        return void end(202, { location: url.pathname, range: `0-${Math.max(0, session.bytes - 1)}` });
      const digest = `sha256:${session.hash.digest('hex')}`;
      if (digest !== url.searchParams.get('digest')) return void end(400);
      received.set(digest, session.bytes);
      return void end(201, { location: `/v2/any/blobs/${digest}` });
    }
    if (name !== undefined && method === 'PUT') {
      const bytes = Buffer.concat((await request.toArray()) as Buffer[]);
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const manifest = { mediaType: request.headers['content-type'] ?? '', bytes };
      for (const key of [name, digest]) manifests.set(key, manifest);
      return void end(201, { 'docker-content-digest': digest, location: `/v2/any/manifests/${digest}` });
    }
    if (name !== undefined) {
      const found = manifests.get(name);
      if (found === undefined) return void end(404);
      const digest = `sha256:${createHash('sha256').update(found.bytes).digest('hex')}`;
      const headers = {
        'content-type': found.mediaType,
        'content-length': found.bytes.byteLength,
        'docker-content-digest': digest,
      };
      return void end(200, headers, method === 'HEAD' ? undefined : found.bytes);
    }
    if (blob !== undefined) {
      const size = zeros.get(blob) ?? received.get(blob);
      if (size === undefined) return void end(404);
      response.writeHead(200, { 'content-length': size });
      if (method === 'HEAD') return void response.end();
      return pour(response, size);
    }
    if (url.pathname.includes('/referrers/'))
      return void end(
        200,
        { 'content-type': INDEX },
        Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] })),
      );
    end(url.pathname === '/v2/' ? 200 : 404);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, received, manifests, zeros };
}

async function pour(response: ServerResponse, size: number): Promise<void> {
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  for (let left = size; left > 0 && !response.destroyed; left -= PIECE.byteLength) {
    if (response.write(left < PIECE.byteLength ? PIECE.subarray(0, left) : PIECE)) continue;
    await Promise.race([new Promise<void>((resolve) => response.once('drain', resolve)), closed]);
  }
  response.end();
}
