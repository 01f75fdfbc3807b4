import { type FileHandle, open } from 'node:fs/promises';
import { type Digest, digestAlgorithm, digestHex, LIMITS, ProvError } from '#base';
import type { ImageIndex } from '#schemas';
import type { ReadStore } from '../content-store.js';
import { collect } from '../fetch-bytes.js';
import { readError } from '../reading.js';
import { scanTar, TarDamage, type TarMember } from '../tar/tar-scan.js';
import { verifiedStream } from '../verified-stream.js';
import { LAYOUT_INDEX_BYTES, parseLayoutIndex } from './layout-index.js';
import { type LayoutContent, layoutRepositories, layoutView } from './layout-view.js';

/** An OCI layout inside a tar, for reading. */
export interface OciLayoutTar {
  readonly label: string;
  repository(name: string): ReadStore;
  repositories(): Promise<readonly string[]>;
  /** The index of the layout, annotations included. */
  readonly index: ImageIndex;
  /** Bytes of the file. */
  readonly size: number;
  close(): Promise<void>;
}

const READ_BYTES = 256 * 1024;
const HEADER_WINDOW_BYTES = 4 * 1024;
const MEMBER = /^(?:blobs\/(?:sha256|sha512)\/[0-9a-f]+|index\.json|oci-layout)$/;

/**
 * Opens a plain tar of an image layout and reads from it in place. The file may be hostile: only the regular
 * files of a layout are looked at, each at most once, and every byte is checked against its digest when read.
 * @throws OCI_LAYOUT_INVALID, BASE_FILE_MISSING, BASE_FILE_UNREADABLE.
 */
export async function openOciLayoutTar(
  path: string,
  options: { signal?: AbortSignal } = {},
): Promise<OciLayoutTar> {
  const label = `bundle:${path}`;
  const file = await openFile(path);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: 'it is not a file' });
    const { size } = found;
    const readAt = async (position: number, length: number) => {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    };
    const members = await scan(path, windowed(readAt), size, options.signal);
    const bytesOf = async function* (member: TarMember): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < member.size; ) {
        const chunk = await readAt(member.offset + at, Math.min(READ_BYTES, member.size - at));
        if (chunk.byteLength === 0) return;
        at += chunk.byteLength;
        yield chunk;
      }
    };
    const small = async (name: string, limit: number) => {
      const member = members.get(name);
      if (member === undefined) throw invalid(path, `it has no ${name}`);
      if (member.size > limit) throw invalid(path, `its ${name} is too large`);
      return collect(bytesOf(member));
    };
    await small('oci-layout', LIMITS.manifestBytes);
    const index = parseLayoutIndex(await small('index.json', LAYOUT_INDEX_BYTES), `${path}: index.json`);
    const memberOf = (digest: Digest) => members.get(`blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`);
    const content: LayoutContent = {
      label,
      index: () => index,
      size: async (digest) => memberOf(digest)?.size,
      async fetch(descriptor, call) {
        const member = memberOf(descriptor.digest);
        if (!member) throw new ProvError('OCI_CONTENT_MISSING', { digest: descriptor.digest, where: label });
        return verifiedStream(bytesOf(member), descriptor, label, call?.signal);
      },
    };
    return {
      label,
      index,
      size,
      repository: (name) => layoutView(content, name),
      repositories: async () => layoutRepositories(index),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function scan(
  path: string,
  readAt: (position: number, length: number) => Promise<Uint8Array>,
  size: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, TarMember>> {
  const members = new Map<string, TarMember>();
  const start = await readAt(0, 2);
  if (start[0] === 0x1f && start[1] === 0x8b) throw invalid(path, 'it is compressed with gzip');
  try {
    for await (const member of scanTar(readAt, size, LIMITS.graphNodes)) {
      signal?.throwIfAborted();
      const name = member.path.replace(/^(?:\.\/)+/, '');
      if (!MEMBER.test(name)) continue;
      if (members.has(name)) throw invalid(path, `it has ${name} twice`);
      members.set(name, member);
    }
  } catch (error) {
    if (error instanceof TarDamage)
      throw new ProvError('OCI_LAYOUT_INVALID', { path, reason: error.message }, { cause: error });
    throw error;
  }
  return members;
}

/** Serves header reads that lie close together from one read of the file. */
function windowed(
  readAt: (position: number, length: number) => Promise<Uint8Array>,
): (position: number, length: number) => Promise<Uint8Array> {
  let start = 0;
  let window: Uint8Array = new Uint8Array(0);
  return async (position, length) => {
    if (position < start || position + length > start + window.byteLength) {
      start = position;
      window = await readAt(position, Math.max(length, HEADER_WINDOW_BYTES));
    }
    return window.subarray(position - start, position - start + length);
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw readError(path, error);
  }
}

function invalid(path: string, reason: string): ProvError {
  return new ProvError('OCI_LAYOUT_INVALID', { path, reason });
}
