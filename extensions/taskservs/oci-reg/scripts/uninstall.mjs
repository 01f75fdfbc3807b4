import { existsSync } from 'node:fs';
import { forgetInstall, runScript } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

/** Forgets the installation; what was pushed stays. */
function uninstall(request) {
  const { state } = layout(request);
  const changed = existsSync(state);
  if (!request.dry_run) forgetInstall(request);
  return { changed, message: `the content stays in ${state}` };
}

await runScript({ uninstall });
