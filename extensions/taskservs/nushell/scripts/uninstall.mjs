import { existsSync, rmSync } from 'node:fs';
import { forgetInstall, runScript, undoInstall } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

function removeFiles(request) {
  const { all, link } = layout(request);
  rmSync(link, { force: true });
  rmSync(all, { recursive: true, force: true });
}

function uninstall(request) {
  const changed = existsSync(layout(request).all);
  if (request.dry_run) return { changed };
  forgetInstall(request);
  removeFiles(request);
  return { changed };
}

await runScript({ uninstall, rollback: (request) => undoInstall(request, () => removeFiles(request)) });
