import { readJson, runScript } from '../lib/shared.bundle.mjs';
import { recordPath } from './members.mjs';

function check(request) {
  const record = readJson(recordPath(request));
  if (record?.version !== request.extension.version) return { status: 'absent' };
  return { status: 'done', outputs: record.outputs };
}

await runScript({ check });
