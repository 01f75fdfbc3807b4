import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/** Compiled code of the program's modules, kept on disk between runs. */
export interface CodeCache {
  /** What was kept of a module; V8 checks that it fits the text and this V8. */
  get(id: string): Buffer | undefined;
  /** Keeps the code of a script, as it will be when `save` is called: with the functions that ran until then. */
  add(id: string, script: Script): void;
  /** Writes what was added, if anything was. Never throws. */
  save(): void;
}

/** All commands together leave about 3 MB. */
const MAX_BYTES = 32 * 1024 * 1024;
const STALE_MS = 30 * 24 * 3600 * 1000;
const SUFFIX = '.code';
const HEADER_BYTES = 8;
const MAGIC = 0x70726f31;

/**
 * Opens the compiled code in `directory` that belongs to `stamp`. Code is only taken from a file that this user
 * owns and nobody else may write to, in a directory of the same kind; anything else, and anything damaged, counts
 * as absent. A cache that cannot be written is no error.
 */
export function openCodeCache(directory: string, stamp: string): CodeCache {
  const path = join(directory, `${stamp}-${process.version}-${process.arch}${SUFFIX}`);
  const kept = read(directory, path);
  const added = new Map<string, Script>();
  return {
    get(id) {
      const found = kept.get(id);
      return found !== undefined && crc32(found.code) === found.sum ? found.code : undefined;
    },
    add: (id, script) => void added.set(id, script),
    save() {
      if (added.size > 0) save(directory, path, { kept, added });
    },
  };
}

interface Kept {
  readonly code: Buffer;
  /** Against torn and rotten files, not against an attacker: who may write here is checked before. */
  readonly sum: number;
}

function read(directory: string, path: string): Map<string, Kept> {
  try {
    if (!isPlacedByUs(directory) || !isOurDirectory(directory)) return new Map();
    const file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      const info = fstatSync(file);
      if (!info.isFile() || !isOurs(info) || info.size > MAX_BYTES) return new Map();
      const bytes = Buffer.allocUnsafeSlow(info.size);
      return readSync(file, bytes, 0, info.size, 0) === info.size ? parse(bytes) : new Map();
    } finally {
      closeSync(file);
    }
  } catch {
    return new Map();
  }
}

function isOurDirectory(path: string): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && isOurs(found);
}

function isOurs({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  const self = process.geteuid?.();
  return self === undefined || (uid === self && (mode & 0o022) === 0);
}

/**
 * Root writes into no other user's home, which `sudo` may leave in HOME: that user could lead the writing and removing
 * elsewhere by a link, and could not use a directory that root made there.
 */
function isPlacedByUs(directory: string): boolean {
  if (process.geteuid?.() !== 0) return true;
  for (let path = dirname(directory); ; path = dirname(path)) {
    const found = lstatOptional(path);
    if (found !== undefined || path === dirname(path)) return found?.uid === 0;
  }
}

function lstatOptional(path: string): { readonly uid: number } | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // Below something that is no directory.
    return undefined;
  }
}

/** Magic, length of the index; index as JSON, padded; then the code of each module, padded. */
function parse(bytes: Buffer): Map<string, Kept> {
  const found = new Map<string, Kept>();
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return found;
  const length = bytes.readUInt32LE(4);
  let at = padded(HEADER_BYTES + length);
  const text = bytes.toString('latin1', HEADER_BYTES, HEADER_BYTES + length);
  for (const [id, size, sum] of JSON.parse(text) as [string, number, number][]) {
    found.set(id, { code: bytes.subarray(at, at + size), sum });
    at += padded(size);
  }
  return found;
}

interface Content {
  readonly kept: ReadonlyMap<string, Kept>;
  readonly added: ReadonlyMap<string, Script>;
}

/** Written beside and renamed, so that a reader sees all of it or nothing. */
function save(directory: string, path: string, { kept, added }: Content): void {
  const staging = `${path}.${process.pid}.tmp`;
  if (!isPlacedByUs(directory)) return;
  try {
    // Not recursive: Node 20 never comes back where a directory cannot be made in one that is there (/proc).
    for (const each of [dirname(directory), directory])
      if (statSync(each, { throwIfNoEntry: false }) === undefined) mkdirSync(each, { mode: 0o700 });
    if (!isOurDirectory(directory)) return;
    const all = new Map([...kept].map(([id, { code }]) => [id, code]));
    for (const [id, script] of added) all.set(id, script.createCachedData());
    writeFileSync(staging, format(all), { mode: 0o600, flag: 'wx' });
    renameSync(staging, path);
    removeStale(directory);
  } catch {
    // A read-only home, a full disk: the next start compiles again.
    remove(staging);
  }
}

function format(all: ReadonlyMap<string, Buffer>): Buffer {
  const index = [...all].map(([id, code]) => [id, code.length, crc32(code)]);
  const text = JSON.stringify(index);
  const head = Buffer.alloc(padded(HEADER_BYTES + text.length), ' ');
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(text.length, 4);
  head.write(text, HEADER_BYTES, 'latin1');
  const codes = [...all.values()].flatMap((code) => [code, Buffer.alloc(padded(code.length) - code.length)]);
  return Buffer.concat([head, ...codes]);
}

function padded(length: number): number {
  return (length + 7) & ~7;
}

/** Of earlier versions of prov and Node. */
function removeStale(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const old = () => Date.now() - statSync(path).mtimeMs > STALE_MS;
    if (/\.(?:code|tmp)$/.test(name) && old()) remove(path);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It was never made, or is not ours to remove.
  }
}
