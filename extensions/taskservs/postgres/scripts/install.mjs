import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beginInstall, pruneVersions, runScript, stampStatus, writeStamp } from '../lib/shared.bundle.mjs';
import { unpackBinaries } from './binaries.mjs';
import { ensureCluster, ensurePassword, replacePassword } from './database.mjs';
import { dataOwner, layout, settings } from './layout.mjs';
import { writeServerConfig } from './server-config.mjs';

/** Programs, then passwords, then data, then configuration; each step is kept when it is already done. */
async function install(request, { progress, signal }) {
  const place = layout(request);
  const hadData = existsSync(join(place.data, 'PG_VERSION'));
  const memory = { files: [place.config, place.access], facts: { hadData } };
  const backup = request.dry_run ? undefined : beginInstall(request, memory);
  const wanted = settings(request);
  const owner = dataOwner(request);
  const before = stampStatus(request, [
    join(place.bin, 'postgres'),
    join(place.data, 'PG_VERSION'),
    place.userPassword,
  ]);
  if (before.status === 'done') return { changed: false, outputs: before.outputs, services: before.services };
  if (request.dry_run)
    return { changed: true, message: `would install PostgreSQL ${request.extension.version}` };

  if (!existsSync(join(place.bin, 'postgres'))) {
    progress(`unpacking PostgreSQL ${request.extension.version}`, 10);
    await unpackBinaries(request, place.home, signal);
  }
  progress('preparing the database', 60);
  ensurePassword(place.adminPassword, owner);
  if (hadData && !existsSync(place.userPassword)) replacePassword(place, wanted, owner);
  const password = ensurePassword(place.userPassword, owner);
  const major = request.extension.version.split('.')[0];
  ensureCluster(place, wanted, { owner, password, major });
  writeServerConfig(place, wanted);

  const { port, database, user } = wanted;
  const outputs = {
    host: '127.0.0.1',
    port,
    database,
    user,
    password_file: place.userPassword,
    version: request.extension.version,
  };
  const services = [service(place, port, owner)];
  writeStamp(request, { outputs, services });
  pruneVersions(place.allVersions, request, backup);
  return { changed: true, outputs, services };
}

function service(place, port, owner) {
  return {
    name: 'postgres',
    argv: [join(place.bin, 'postgres'), '-D', place.data, '-c', `config_file=${place.config}`],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    // "Fast": open transactions are rolled back and the data is closed cleanly.
    stop_signal: 'SIGINT',
    stop_seconds: 30,
    ports: { postgres: port },
    ...(owner === undefined ? {} : { user: owner.name }),
  };
}

await runScript({ install });
