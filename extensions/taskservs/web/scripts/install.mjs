import { chmodSync, copyFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import {
  beginInstall,
  invalid,
  isReachable,
  pruneVersions,
  readJson,
  replaceDirectory,
  replaceFile,
  runScript,
  stampStatus,
  writeStamp,
} from '../lib/shared.bundle.mjs';
import { layout, listenPort, SOURCES, serviceAccount } from './layout.mjs';

/** Copies the service into the prefix and points it at the postgres that this deployment installed. */
async function install(request) {
  const place = layout(request);
  const backup = request.dry_run ? undefined : beginInstall(request, { files: [place.config] });
  const port = listenPort(request);
  const account = serviceAccount(request);
  const { postgres } = request.outputs;
  if (postgres?.password_file === undefined)
    throw invalid("there are no outputs of 'postgres' to connect to");
  const { max_connections = 5, max_value_bytes = 4096 } = request.config;
  const { host, port: sqlPort, database, user, password_file } = postgres;
  const config = {
    port,
    max_connections,
    max_value_bytes,
    postgres: { host, port: sqlPort, database, user, password_file },
  };
  const before = stampStatus(request, [place.program, place.config]);
  const sameConfig = JSON.stringify(readJson(place.config)) === JSON.stringify(config);
  if (before.status === 'done' && sameConfig)
    return { changed: false, outputs: before.outputs, services: before.services };
  if (request.dry_run) return { changed: true, message: `would install ${place.program}` };

  const node = request.target.node ?? [process.execPath];
  const copyNode = account !== undefined && !isReachable(realpathSync(node[0]), account);
  await replaceDirectory(place.home, (staging) => {
    for (const [name, source] of Object.entries(SOURCES)) copyFileSync(source, join(staging, name));
    if (!copyNode) return;
    // Root's own Node may lie in a closed home directory.
    copyFileSync(realpathSync(node[0]), join(staging, 'node'));
    chmodSync(join(staging, 'node'), 0o755);
  });
  replaceFile(place.config, config);
  const service = {
    name: 'web',
    argv: [copyNode ? place.node : node[0], ...node.slice(1), place.program, place.config],
    stop_signal: 'SIGTERM',
    stop_seconds: 10,
    ports: { http: port },
    ...(account === undefined ? {} : { user: account.name }),
  };
  const outputs = { host: '127.0.0.1', port, url: `http://127.0.0.1:${port}` };
  writeStamp(request, { outputs, services: [service] });
  pruneVersions(place.allVersions, request, backup);
  return { changed: true, outputs, services: [service] };
}

await runScript({ install });
