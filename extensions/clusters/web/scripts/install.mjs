import {
  beginInstall,
  readJson,
  replaceFile,
  runScript,
  stampStatus,
  writeStamp,
} from '../lib/shared.bundle.mjs';
import { members, recordPath } from './members.mjs';

/** The parts install themselves; the cluster keeps, in one file, where it is reached and on what it stands. */
function install(request) {
  const path = recordPath(request);
  if (!request.dry_run) beginInstall(request, { files: [path] });
  const { web, postgres } = members(request);
  const outputs = { url: web.url, database: `${postgres.host}:${postgres.port}/${postgres.database}` };
  const same = JSON.stringify(readJson(path)) === JSON.stringify(outputs);
  const changed = !same || stampStatus(request).status !== 'done';
  if (changed && !request.dry_run) {
    replaceFile(path, outputs);
    writeStamp(request, { outputs });
  }
  return { changed, outputs };
}

await runScript({ install });
