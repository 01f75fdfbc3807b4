import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isRoot } from './accounts.mjs';
import { readJson, replaceFile } from './files.mjs';
import { forgetStamp, readStamp, recordPath, restoreStamp } from './stamp.mjs';

const backupPath = (request) => recordPath(request, 'backup.json');

/**
 * First step of every install: remembers what is there, so that a rollback can tell a first installation
 * (which goes) from a changed one (which gets its old stamp, links and small `files` back). Later attempts
 * of the same installation keep the memory of the first. `facts` are the caller's own.
 */
export function beginInstall(request, { files = [], facts = {} } = {}) {
  const known = readJson(backupPath(request));
  if (known?.key === request.idempotency_key) return known;
  const stamp = readStamp(request) ?? null;
  const backup = {
    schema: 1,
    key: request.idempotency_key,
    stamp,
    files: stamp === null ? [] : files.map(save),
    facts,
  };
  replaceFile(backupPath(request), backup, { mode: 0o600 });
  return backup;
}

/**
 * Takes the last installation back. A first one is handed to `remove`, unless the runtime says that this run
 * did not make it (`input.updated`: an update that failed before it began).
 */
export function undoInstall(request, remove) {
  const backup = readJson(backupPath(request));
  if (backup === undefined) return { changed: false, message: 'there is nothing to take back' };
  if (backup.stamp === null && request.input.updated === true)
    return { changed: false, message: 'this run changed nothing' };
  if (request.dry_run) return { changed: true };
  if (backup.stamp === null) {
    remove(backup);
    forgetInstall(request);
    return { changed: true, message: 'removed' };
  }
  for (const file of backup.files) restore(file);
  restoreStamp(request, backup.stamp);
  rmSync(backupPath(request), { force: true });
  return { changed: true, message: `back to the installation of version ${backup.stamp.version}` };
}

/** Nothing is installed any more, and there is nothing to go back to. */
export function forgetInstall(request) {
  forgetStamp(request);
  rmSync(backupPath(request), { force: true });
}

/** Removes the programs of versions that neither run nor can be gone back to. */
export function pruneVersions(directory, request, backup) {
  const kept = [request.extension.version, backup.stamp?.version];
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (!kept.includes(name)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function save(path) {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) return { path };
  if (info.isSymbolicLink()) return { path, link: readlinkSync(path) };
  return {
    path,
    content: readFileSync(path, 'base64'),
    mode: info.mode & 0o777,
    uid: info.uid,
    gid: info.gid,
  };
}

function restore({ path, link, content, mode, uid, gid }) {
  if (link !== undefined) {
    replaceLink(path, link);
  } else if (content === undefined) {
    rmSync(path, { force: true });
  } else {
    replaceFile(path, Buffer.from(content, 'base64'), { mode: 0o600 });
    if (isRoot()) lchownSync(path, uid, gid);
    chmodSync(path, mode);
  }
}

/** A link at `path`, in one step also over an older one. */
export function replaceLink(path, target) {
  const staged = `${path}.${process.pid}.part`;
  mkdirSync(dirname(path), { recursive: true });
  rmSync(staged, { force: true });
  symlinkSync(target, staged);
  renameSync(staged, path);
}
