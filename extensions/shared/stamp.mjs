import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, replaceFile } from './files.mjs';

// What is installed under a prefix, one small file an extension, written last: it exists only after the
// installation is whole, so that `check` after a crash can tell.
const stampPath = (request) => recordPath(request, 'json');

/** A taskserv and a cluster may share their name, so the kind is part of the file's. */
export function recordPath({ target, extension }, ending) {
  return join(target.prefix, 'var', 'prov', `${extension.kind}-${extension.name}.${ending}`);
}

/** Digest of what the installation depends on besides its version: configuration, ports and the account. */
export function configDigest({ config, target }) {
  const facts = { config, ports: target.ports ?? {}, user: target.service_user ?? null };
  return createHash('sha256')
    .update(JSON.stringify(sorted(facts)))
    .digest('hex');
}

const assetDigests = (request) =>
  Object.fromEntries(Object.entries(request.assets).map(([name, each]) => [name, each.sha256]));

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

export function readStamp(request) {
  return readJson(stampPath(request));
}

export function writeStamp(request, facts = {}) {
  const { version } = request.extension;
  replaceFile(stampPath(request), {
    schema: 1,
    version,
    config: configDigest(request),
    assets: assetDigests(request),
    ...facts,
  });
}

export function forgetStamp(request) {
  rmSync(stampPath(request), { force: true });
}

/** Writes back the stamp of an earlier installation as it was. */
export function restoreStamp(request, stamp) {
  replaceFile(stampPath(request), stamp);
}

/**
 * `done` when this very version and configuration is installed and `files` are there, `absent` when it is
 * not, `unknown` when the stamp cannot be read.
 */
export function stampStatus(request, files = []) {
  let stamp;
  try {
    stamp = readStamp(request);
  } catch (error) {
    return { status: 'unknown', message: error.message };
  }
  if (stamp === undefined) return { status: 'absent', message: 'not installed' };
  if (stamp.version !== request.extension.version)
    return { status: 'absent', message: `version ${stamp.version} is installed` };
  if (stamp.config !== configDigest(request))
    return { status: 'absent', message: 'installed with another configuration' };
  const changed = Object.entries(assetDigests(request)).find(
    ([name, digest]) => stamp.assets[name] !== digest,
  );
  if (changed !== undefined) return { status: 'absent', message: `installed from another ${changed[0]}` };
  const missing = files.find((path) => !existsSync(path));
  if (missing !== undefined) return { status: 'absent', message: `${missing} is missing` };
  return { status: 'done', outputs: stamp.outputs ?? {}, services: stamp.services ?? [] };
}
