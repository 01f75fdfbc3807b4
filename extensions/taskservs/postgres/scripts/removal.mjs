import { rmSync } from 'node:fs';
import { conflict } from '../lib/shared.bundle.mjs';
import { isServing } from './database.mjs';

/** @throws a conflict while PostgreSQL runs on the data */
export function assertStopped(place) {
  if (isServing(place)) throw conflict('PostgreSQL is running: stop the service first');
}

/** Removes programs and configuration; the data and the passwords to it only `withData`. */
export function removeFiles(place, { withData }) {
  const data = withData ? [place.etc, place.state] : [`${place.data}.part`];
  for (const path of [place.allVersions, place.config, place.access, ...data])
    rmSync(path, { recursive: true, force: true });
}
