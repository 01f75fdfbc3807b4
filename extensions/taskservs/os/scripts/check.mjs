import { join } from 'node:path';
import { runScript, stampStatus } from '../lib/shared.bundle.mjs';

await runScript({
  check: (request) => stampStatus(request, [join(request.target.prefix, 'etc', 'os', 'facts.json')]),
});
