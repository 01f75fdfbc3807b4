// Preloaded into a program (`node --import`): writes its peak memory in KiB to PROV_PEAK_FILE when it ends by itself.
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env['PROV_PEAK_FILE'];
if (file !== undefined && isMainThread)
  process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS)));
