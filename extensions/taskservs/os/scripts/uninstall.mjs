import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { forgetStamp, runScript } from '../lib/shared.bundle.mjs';

function uninstall(request) {
  const path = join(request.target.prefix, 'etc', 'os');
  const changed = existsSync(path);
  if (request.dry_run) return { changed };
  forgetStamp(request);
  rmSync(path, { recursive: true, force: true });
  return { changed };
}

await runScript({ uninstall, rollback: uninstall });
