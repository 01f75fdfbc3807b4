import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ScriptError } from './contract.mjs';

/** The JSON in `path`, or undefined when there is no such file. */
export function readJson(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ScriptError(`${path} is damaged: ${error.message}`, undefined, { cause: error });
  }
}

/** A reader sees the old bytes or the new ones, also after a crash. `owner` as of `findUser`. */
export function replaceFile(path, content, { mode = 0o644, owner } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const staged = stagedName(path);
  const text =
    typeof content === 'string' || Buffer.isBuffer(content)
      ? content
      : `${JSON.stringify(content, undefined, 2)}\n`;
  const file = openSync(staged, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
    fchmodSync(file, mode);
    fsyncSync(file);
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(staged, path);
  syncDirectory(dirname(path));
}

/** Fills a fresh directory by `fill(staging)` and only then gives it its name; the old one goes. */
export async function replaceDirectory(path, fill) {
  mkdirSync(dirname(path), { recursive: true });
  const staging = stagedName(path);
  try {
    mkdirSync(staging);
    await fill(staging);
    const old = existsSync(path) ? stagedName(path) : undefined;
    if (old !== undefined) renameSync(path, old);
    renameSync(staging, path);
    syncDirectory(dirname(path));
    if (old !== undefined) rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function stagedName(path) {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
}

function syncDirectory(path) {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
