import { join } from 'node:path';
import { runScript, stampStatus } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

function check(request) {
  const place = layout(request);
  return stampStatus(request, [
    join(place.bin, 'postgres'),
    join(place.data, 'PG_VERSION'),
    place.userPassword,
  ]);
}

await runScript({ check });
