import { createHash, randomUUID } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { findUser, invalid, isReachable, isRoot, readJson, replaceFile } from '../lib/shared.bundle.mjs';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/;
const PREFIX_FOLDERS = ['bin', 'lib', 'etc', 'var', 'log', 'run'];
const SYSTEM_ROOT = '/var/lib/provisioning/servers';

/** The account that services run as when prov runs as root; undefined for an ordinary user. */
export function serviceUser(config) {
  return isRoot() ? findUser(config.service_user ?? 'nobody') : undefined;
}

/**
 * The directory that holds this workspace's servers: `config.root`, except where root's services, which
 * run as another user, could not reach it (a workspace inside a 0700 home): then a place under
 * /var/lib of its own for that root. Where servers already are, they stay.
 */
export function serversRoot(config) {
  if (typeof config.root !== 'string' || !isAbsolute(config.root))
    throw invalid('the provider needs an absolute path in config.root: where servers are kept');
  const root = resolve(config.root);
  const user = serviceUser(config);
  if (user === undefined) return root;
  const outside = join(
    config.system_root ?? SYSTEM_ROOT,
    createHash('sha256').update(root).digest('hex').slice(0, 12),
  );
  if (existsSync(outside)) return outside;
  if (hasServers(root) || isReachable(join(root, 'any'), user)) return root;
  if (!isReachable(join(outside, 'any'), user))
    throw invalid(
      `the user '${user.name}' can reach neither ${root} nor ${outside}; name another place in the provider's config.root`,
    );
  return outside;
}

function hasServers(root) {
  return existsSync(root) && readdirSync(root).some((name) => existsSync(join(root, name, 'server.json')));
}

/** Paths of one server; its name never leads outside the root. */
export function locateServer(root, name) {
  if (typeof name !== 'string' || !NAME.test(name))
    throw invalid(`'${name}' is no server name (letters, digits, '.', '_', '-', at most 63)`);
  const dir = join(root, name);
  const supervisor = join(dir, 'supervisor');
  return {
    root,
    name,
    dir,
    prefix: join(dir, 'prefix'),
    record: join(dir, 'server.json'),
    lock: join(root, `.${name}.lock`),
    supervisor,
    desired: join(supervisor, 'desired.json'),
    status: join(supervisor, 'status.json'),
    supervisorLog: join(supervisor, 'supervisor.log'),
  };
}

/** The server's record, or undefined when there is no such server. */
export function readServer(place) {
  const info = lstatSync(place.dir, { throwIfNoEntry: false });
  if (info === undefined) return undefined;
  if (!info.isDirectory()) throw invalid(`${place.dir} is not a directory made by this provider`);
  const record = readJson(place.record);
  if (record !== undefined && record.name !== place.name)
    throw invalid(`${place.record} names another server, '${record.name}'`);
  return record;
}

/** Like `readServer`, for operations that need one. */
export function requireServer(place) {
  const record = readServer(place);
  if (record === undefined)
    throw invalid(`there is no server '${place.name}' in ${place.root}; create it first`);
  return record;
}

/** Makes the directories and, last, the record; again on a server that exists changes nothing. */
export function makeServer(place) {
  const mode = isRoot() ? 0o755 : 0o700;
  mkdirSync(place.root, { recursive: true, mode });
  mkdirSync(place.dir, { recursive: true, mode });
  mkdirSync(place.supervisor, { recursive: true, mode: 0o700 });
  for (const folder of PREFIX_FOLDERS) mkdirSync(join(place.prefix, folder), { recursive: true, mode });
  const record = { schema: 1, id: randomUUID(), name: place.name, ports: {} };
  writeServer(place, record);
  return record;
}

export function writeServer(place, record) {
  replaceFile(place.record, record, { mode: 0o600 });
}

/** Every server of a root, by name. */
export function listServers(root) {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => locateServer(root, name))
    .filter((place) => existsSync(place.record));
}
