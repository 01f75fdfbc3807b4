import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { forgetInstall, runScript, undoInstall } from '../lib/shared.bundle.mjs';
import { recordPath } from './members.mjs';

const removeFiles = (request) => rmSync(dirname(recordPath(request)), { recursive: true, force: true });

function uninstall(request) {
  const changed = existsSync(recordPath(request));
  if (request.dry_run) return { changed };
  forgetInstall(request);
  removeFiles(request);
  return { changed };
}

await runScript({ uninstall, rollback: (request) => undoInstall(request, () => removeFiles(request)) });
