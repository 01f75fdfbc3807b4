import { existsSync, rmSync } from 'node:fs';
import { conflict, forgetStamp } from '../lib/shared.bundle.mjs';
import { isServing } from './database.mjs';
import { layout } from './layout.mjs';

/** Removes programs and configuration; the data and the passwords to it only `withData`. */
export function removeInstallation(request, { withData }) {
  const place = layout(request);
  const changed = existsSync(place.allVersions) || (withData && existsSync(place.state));
  if (request.dry_run) return { changed };
  if (isServing(place)) throw conflict('PostgreSQL is running: stop the service first');
  forgetStamp(request);
  const kept = withData ? [] : [place.etc, place.state];
  for (const path of [place.allVersions, place.etc, place.state]) {
    if (!kept.includes(path)) rmSync(path, { recursive: true, force: true });
  }
  for (const path of [place.config, place.access]) rmSync(path, { force: true });
  return { changed, message: withData ? 'removed with its data' : `the data stays in ${place.state}` };
}
