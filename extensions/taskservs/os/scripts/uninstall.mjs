import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { forgetInstall, runScript, undoInstall } from '../lib/shared.bundle.mjs';

const folder = (request) => join(request.target.prefix, 'etc', 'os');

function uninstall(request) {
  const changed = existsSync(folder(request));
  if (request.dry_run) return { changed };
  forgetInstall(request);
  rmSync(folder(request), { recursive: true, force: true });
  return { changed };
}

function rollback(request) {
  return undoInstall(request, () => rmSync(folder(request), { recursive: true, force: true }));
}

await runScript({ uninstall, rollback });
