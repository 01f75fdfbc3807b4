import { spawnSync } from 'node:child_process';
import { chownSync, lchownSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { invalid } from './contract.mjs';

export function isRoot() {
  return process.getuid?.() === 0;
}

/** `{name, uid, gid}` of a local account; `/etc/passwd` first, then `id` (directory services, macOS). */
export function findUser(name) {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(name)) throw invalid(`'${name}' is no user name`);
  const line = passwdLines().find((each) => each.startsWith(`${name}:`));
  if (line !== undefined) {
    const [, , uid, gid] = line.split(':');
    return { name, uid: Number(uid), gid: Number(gid) };
  }
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
  if (uid.status !== 0 || gid.status !== 0) throw invalid(`there is no user '${name}' on this machine`);
  return { name, uid: Number(uid.stdout.trim()) >>> 0, gid: Number(gid.stdout.trim()) >>> 0 };
}

function passwdLines() {
  try {
    return readFileSync('/etc/passwd', 'utf8').split('\n');
  } catch {
    return [];
  }
}

/**
 * Whether `user` can walk down to `path` and, for a file, execute or read it (`need` 'x' or 'r').
 * By mode bits with the user's primary group, which is all that a service gets.
 */
export function isReachable(path, user, need = 'x') {
  for (let each = dirname(resolve(path)); ; each = dirname(each)) {
    if (!allows(each, user, 'x')) return false;
    if (each === dirname(each)) break;
  }
  return allows(resolve(path), user, need);
}

function allows(path, user, need) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return true;
  const bit = need === 'r' ? 4 : 1;
  const shift = info.uid === user.uid ? 6 : info.gid === user.gid ? 3 : 0;
  return ((info.mode >> shift) & bit) !== 0;
}

/** Gives a tree to `user`; links themselves, never what they point at. */
export function chownTree(path, user) {
  if (lstatSync(path).isDirectory()) {
    for (const name of readdirSync(path)) chownTree(join(path, name), user);
    chownSync(path, user.uid, user.gid);
  } else {
    lchownSync(path, user.uid, user.gid);
  }
}
