import { existsSync } from 'node:fs';
import { readJson, replaceFile, runScript } from '../lib/shared.bundle.mjs';
import { members, recordPath } from './members.mjs';

/** The parts install themselves; the cluster keeps, in one file, where it is reached and on what it stands. */
function install(request) {
  const { web, postgres } = members(request);
  const outputs = { url: web.url, database: `${postgres.host}:${postgres.port}/${postgres.database}` };
  const path = recordPath(request);
  const record = { schema: 1, version: request.extension.version, outputs };
  const changed = !existsSync(path) || JSON.stringify(readJson(path)) !== JSON.stringify(record);
  if (changed && !request.dry_run) replaceFile(path, record);
  return { changed, outputs };
}

await runScript({ install });
