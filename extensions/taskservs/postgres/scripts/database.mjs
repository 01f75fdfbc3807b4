import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, readJson, replaceFile, ScriptError } from '../lib/shared.bundle.mjs';
import { createPassword, scramVerifier } from './scram.mjs';

const TOOL_TIMEOUT_MS = 120_000;

/** The password in `path`, made on first use; readable by the data's owner alone. */
export function ensurePassword(path, owner) {
  if (!existsSync(path)) replaceFile(path, `${createPassword()}\n`, { mode: 0o600, owner });
  return readFileSync(path, 'utf8').trim();
}

/**
 * Makes the database cluster with role and database, under its final name only once it is whole.
 * One that is there already is kept.
 */
export function ensureCluster(place, { database, user }, { owner, password, major }) {
  mkdirSync(place.state, { recursive: true, mode: 0o755 });
  const version = join(place.data, 'PG_VERSION');
  if (existsSync(version)) {
    const found = readFileSync(version, 'utf8').trim();
    if (found !== major)
      throw conflict(
        `the data in ${place.data} is of PostgreSQL ${found}, this is ${major}: dump and restore it`,
      );
    const names = readJson(place.names);
    if (names?.database !== database || names.user !== user)
      throw conflict(
        `the data holds database '${names?.database}' of '${names?.user}': neither can be renamed here`,
      );
    return;
  }
  const staging = `${place.data}.part`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  chmodSync(staging, 0o700);
  if (owner !== undefined) chownSync(staging, owner.uid, owner.gid);
  const secret = `--pwfile=${place.adminPassword}`;
  const options = [
    '--username=postgres',
    secret,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  runTool(place, 'initdb', ['-D', staging, ...options], { owner });
  runSql(
    place,
    staging,
    [createRole(user, password), `CREATE DATABASE "${database}" OWNER "${user}";`],
    owner,
  );
  replaceFile(place.names, { database, user });
  renameSync(staging, place.data);
}

/** Gives the role a new password after its file was lost: first the role, then the file, so that it can be tried again. */
export function replacePassword(place, { user }, owner) {
  if (isServing(place))
    throw conflict(`${place.userPassword} is missing and PostgreSQL is running: stop it first`);
  const password = createPassword();
  runSql(place, place.data, [`ALTER ROLE "${user}" PASSWORD '${scramVerifier(password)}';`], owner);
  replaceFile(place.userPassword, `${password}\n`, { mode: 0o600, owner });
}

const createRole = (user, password) => `CREATE ROLE "${user}" LOGIN PASSWORD '${scramVerifier(password)}';`;

/** Single-user mode: no socket, no login; one statement a line, and the first error ends it. */
function runSql(place, data, statements, owner) {
  runTool(place, 'postgres', ['--single', '-D', data, '-c', 'exit_on_error=on', 'postgres'], {
    owner,
    input: `${statements.join('\n')}\n`,
  });
}

function runTool(place, name, argv, { owner, input }) {
  const run = spawnSync(join(place.bin, name), argv, {
    cwd: place.prefix,
    encoding: 'utf8',
    timeout: TOOL_TIMEOUT_MS,
    input,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }),
  });
  if (run.status === 0) return;
  const reason =
    run.error?.message ?? `${run.signal ?? `exit code ${run.status}`}: ${run.stderr.trim().slice(-2000)}`;
  throw new ScriptError(`${name} failed, ${reason}`);
}

/** Whether a postmaster runs on the data. */
export function isServing(place) {
  const file = join(place.data, 'postmaster.pid');
  if (!existsSync(file)) return false;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const ps = spawnSync('ps', ['-o', 'stat=,comm=', '-p', String(pid)], { encoding: 'utf8' });
  return ps.status === 0 && !ps.stdout.startsWith('Z') && ps.stdout.includes('postgres');
}
