import { rmSync } from 'node:fs';
import { runScript, undoInstall } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

/** Content goes only when it is certain that this very run made its directory. */
function rollback(request) {
  return undoInstall(request, ({ facts }) => {
    if (!facts.hadContent && request.input.updated === false)
      rmSync(layout(request).state, { recursive: true, force: true });
  });
}

await runScript({ rollback });
