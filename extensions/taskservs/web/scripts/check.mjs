import { runScript, stampStatus } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

function check(request) {
  const place = layout(request);
  return stampStatus(request, [place.program, place.config]);
}

await runScript({ check });
