import { existsSync } from 'node:fs';
import { forgetInstall, runScript } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';
import { assertStopped, removeFiles } from './removal.mjs';

/** Programs and configuration go, data and passwords stay. */
function uninstall(request) {
  const place = layout(request);
  const changed = existsSync(place.allVersions);
  const message = `the data stays in ${place.state}`;
  if (request.dry_run) return { changed, message };
  assertStopped(place);
  forgetInstall(request);
  removeFiles(place, { withData: false });
  return { changed, message };
}

await runScript({ uninstall });
