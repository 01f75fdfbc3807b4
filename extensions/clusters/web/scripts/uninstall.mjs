import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { runScript } from '../lib/shared.bundle.mjs';
import { recordPath } from './members.mjs';

function uninstall(request) {
  const path = recordPath(request);
  const changed = existsSync(path);
  if (!request.dry_run) rmSync(dirname(path), { recursive: true, force: true });
  return { changed };
}

await runScript({ uninstall, rollback: uninstall });
