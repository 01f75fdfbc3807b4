import { existsSync, rmSync } from 'node:fs';
import { forgetStamp, runScript } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

/** Removes program and configuration; the rows belong to PostgreSQL. */
function uninstall(request) {
  const { allVersions, etc } = layout(request);
  const changed = existsSync(allVersions) || existsSync(etc);
  if (request.dry_run) return { changed };
  forgetStamp(request);
  for (const path of [allVersions, etc]) rmSync(path, { recursive: true, force: true });
  return { changed };
}

await runScript({ uninstall, rollback: uninstall });
