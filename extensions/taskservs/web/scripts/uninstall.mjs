import { existsSync, rmSync } from 'node:fs';
import { forgetInstall, runScript, undoInstall } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

/** Program and configuration; the rows belong to PostgreSQL. */
function removeFiles(request) {
  const { allVersions, etc } = layout(request);
  for (const path of [allVersions, etc]) rmSync(path, { recursive: true, force: true });
}

function uninstall(request) {
  const { allVersions, etc } = layout(request);
  const changed = existsSync(allVersions) || existsSync(etc);
  if (request.dry_run) return { changed };
  forgetInstall(request);
  removeFiles(request);
  return { changed };
}

await runScript({ uninstall, rollback: (request) => undoInstall(request, () => removeFiles(request)) });
