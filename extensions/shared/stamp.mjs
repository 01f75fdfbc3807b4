import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, replaceFile } from './files.mjs';

// What is installed under a prefix, one small file an extension, written last: it exists only after the
// installation is whole, so that `check` after a crash can tell.
const stampPath = (request) => join(request.target.prefix, 'var', 'prov', `${request.extension.name}.json`);

/** Digest of what the installation depends on: configuration, ports and assets. */
export function configDigest(request) {
  const assets = Object.fromEntries(
    Object.entries(request.assets).map(([name, each]) => [name, each.sha256]),
  );
  const facts = {
    config: request.config,
    ports: request.target.ports ?? {},
    assets,
    user: request.target.service_user,
  };
  return createHash('sha256')
    .update(JSON.stringify(sorted(facts)))
    .digest('hex');
}

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
  replaceFile(stampPath(request), { schema: 1, version, config: configDigest(request), ...facts });
}

export function forgetStamp(request) {
  rmSync(stampPath(request), { force: true });
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
  const missing = files.find((path) => !existsSync(path));
  if (missing !== undefined) return { status: 'absent', message: `${missing} is missing` };
  return { status: 'done', outputs: stamp.outputs ?? {}, services: stamp.services ?? [] };
}
