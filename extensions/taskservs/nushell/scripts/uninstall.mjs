import { existsSync, rmSync } from 'node:fs';
import { forgetStamp, runScript } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

function uninstall(request) {
  const { all, link } = layout(request);
  const changed = existsSync(all);
  if (request.dry_run) return { changed };
  forgetStamp(request);
  rmSync(link, { force: true });
  rmSync(all, { recursive: true, force: true });
  return { changed };
}

await runScript({ uninstall, rollback: uninstall });
