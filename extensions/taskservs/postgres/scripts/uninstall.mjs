import { runScript } from '../lib/shared.bundle.mjs';
import { removeInstallation } from './removal.mjs';

await runScript({ uninstall: (request) => removeInstallation(request, { withData: false }) });
