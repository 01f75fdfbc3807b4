import { runScript, stampStatus } from '../lib/shared.bundle.mjs';
import { layout } from './layout.mjs';

await runScript({ check: (request) => stampStatus(request, [layout(request).data]) });
