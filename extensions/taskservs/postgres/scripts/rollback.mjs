import { existsSync } from 'node:fs';
import { readJson, runScript } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';
import { removeInstallation } from './removal.mjs';

/** Data goes only when this very workflow made it (or was interrupted while making it). */
function rollback(request) {
  const place = layout(request);
  const mine = readJson(place.origin)?.workflow === request.workflow || !existsSync(place.data);
  return removeInstallation(request, { withData: mine });
}

await runScript({ rollback });
