import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Digest,
  digestHex,
  digestOf,
  LIMITS,
  log,
  makeDirectories,
  openAtomicFile,
  unsyncedFileSystem,
} from '#base';

/** What is kept at most of all registries together; the oldest goes first. */
export const METADATA_CACHE_BYTES = 512 * 1024 * 1024;
const LISTED_BYTES = 96 * 1024 * 1024;

export interface CachedAnswer {
  readonly key: string;
  readonly etag?: string | undefined;
  readonly bytes: Uint8Array;
}

/** Answers that registries gave, by a key of ours; damaged ones count as not there. */
export interface MetadataCache {
  read(key: string): Promise<CachedAnswer | undefined>;
  write(answer: CachedAnswer): Promise<void>;
  /** Everything whose key starts so, newest first, up to 96 MiB. */
  list(prefix: string): Promise<readonly CachedAnswer[]>;
}

interface Header {
  readonly v: 1;
  readonly key: string;
  readonly etag?: string;
  readonly digest: Digest;
}

/** Opens the cache in `directory`. Several processes may use it at once: each file is replaced as one step. */
export function openMetadataCache(directory: string): MetadataCache {
  const nameOf = (key: string) => {
    const kind = key.slice(0, key.indexOf(' '));
    return `${kind}-${digestHex(digestOf(key)).slice(0, 40)}`;
  };
  return {
    async read(key) {
      const answer = await readAnswer(join(directory, nameOf(key)));
      return answer?.key === key ? answer : undefined;
    },
    async write({ key, etag, bytes }) {
      if (bytes.byteLength > LIMITS.apiResponseBytes) return;
      const header: Header = { v: 1, key, digest: digestOf(bytes), ...(etag !== undefined && { etag }) };
      try {
        makeDirectories(directory, { mode: 0o700 });
        // A power cut may tear a file: its digest finds that, so nothing waits for the disk.
        const fileSystem = unsyncedFileSystem;
        const file = openAtomicFile(join(directory, nameOf(key)), { mode: 0o600, fileSystem });
        try {
          file.write(Buffer.from(`${JSON.stringify(header)}\n`));
          file.write(bytes);
          file.commit();
        } catch (error) {
          file.abort();
          throw error;
        }
        await prune(directory);
      } catch (error) {
        // Only a cache: a full disk or a read-only home must not stop the work.
        log.debug('an answer of a registry could not be kept', { reason: String(error) });
      }
    },
    async list(prefix) {
      const kind = `${prefix.slice(0, prefix.indexOf(' '))}-`;
      const files = (await filesOf(directory)).filter(({ name }) => name.startsWith(kind));
      const newestFirst = files.sort((a, b) => b.time - a.time || (a.name < b.name ? -1 : 1));
      const answers: CachedAnswer[] = [];
      let total = 0;
      for (const { name, size } of newestFirst) {
        total += size;
        if (total > LISTED_BYTES) break;
        const answer = await readAnswer(join(directory, name));
        if (answer?.key.startsWith(prefix)) answers.push(answer);
      }
      return answers;
    },
  };
}

async function readAnswer(path: string): Promise<CachedAnswer | undefined> {
  const all = await readFile(path).catch(() => undefined);
  const end = all?.indexOf(10) ?? -1;
  if (all === undefined || end < 0) return undefined;
  const bytes = all.subarray(end + 1);
  try {
    const header = JSON.parse(all.subarray(0, end).toString()) as Header;
    if (header.v !== 1 || digestOf(bytes) !== header.digest) return undefined;
    return { key: header.key, etag: header.etag, bytes };
  } catch {
    return undefined;
  }
}

async function filesOf(directory: string): Promise<{ name: string; size: number; time: number }[]> {
  const names = await readdir(directory).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const about = await stat(join(directory, name)).catch(() => undefined);
      return about === undefined ? [] : [{ name, size: about.size, time: about.mtimeMs }];
    }),
  );
  return found.flat();
}

async function prune(directory: string): Promise<void> {
  const files = await filesOf(directory);
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { name, size } of files.sort((a, b) => a.time - b.time)) {
    if (total <= METADATA_CACHE_BYTES) return;
    await rm(join(directory, name), { force: true });
    total -= size;
  }
}
