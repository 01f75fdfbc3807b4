import { runScript, stampStatus } from '../lib/shared.bundle.mjs';
import { recordPath } from './members.mjs';

await runScript({ check: (request) => stampStatus(request, [recordPath(request)]) });
