import { existsSync, rmSync } from 'node:fs';
import { forgetStamp, readJson, runScript } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

/** Content goes only when this very workflow made its directory. */
function rollback(request) {
  const { state, origin } = layout(request);
  const changed = existsSync(state);
  if (request.dry_run) return { changed };
  forgetStamp(request);
  if (readJson(origin)?.workflow === request.workflow) {
    rmSync(state, { recursive: true, force: true });
    rmSync(origin, { force: true });
  }
  return { changed };
}

await runScript({ rollback });
