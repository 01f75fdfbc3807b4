import { runScript, undoInstall } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';
import { assertStopped, removeFiles } from './removal.mjs';

/** An update gets its earlier configuration back. Data goes only when it is certain that this very run made it. */
function rollback(request) {
  const place = layout(request);
  if (!request.dry_run) assertStopped(place);
  return undoInstall(request, ({ facts }) =>
    removeFiles(place, { withData: !facts.hadData && request.input.updated === false }),
  );
}

await runScript({ rollback });
