import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import {
  beginInstall,
  chownTree,
  findUser,
  invalid,
  isReachable,
  isRoot,
  runScript,
  stampStatus,
  writeStamp,
} from '../lib/shared.bundle.mjs';
import { layout, listenPort } from './layout.mjs';

/** Makes the data directory and describes the service; the program is prov itself. */
function install(request, { log }) {
  const place = layout(request);
  if (!request.dry_run) beginInstall(request, { facts: { hadContent: existsSync(place.state) } });
  const port = listenPort(request);
  const { prov } = request.target;
  if (!Array.isArray(prov) || prov.length === 0)
    throw invalid('the target does not say how prov is started on it');
  const before = stampStatus(request, [place.data]);
  if (before.status === 'done' && sameProgram(before.services[0].argv, prov))
    return { changed: false, outputs: before.outputs, services: before.services };
  if (request.dry_run) return { changed: true, message: `would set up a registry in ${place.data}` };

  const account = chooseAccount(request, prov, log);
  for (const path of [place.state, place.data, place.home]) mkdirSync(path, { recursive: true, mode: 0o700 });
  if (account !== undefined) chownTree(place.state, account);
  const service = {
    name: 'oci-reg',
    argv: [...prov, 'registry', 'start', '--foreground', '--port', String(port), '--data', place.data],
    env: { PROVISIONING_HOME: place.home, NO_COLOR: '1' },
    stop_seconds: request.config.stop_seconds ?? 15,
    ports: { registry: port },
    ...(account === undefined ? {} : { user: account.name }),
  };
  const outputs = { host: '127.0.0.1', port, registry: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}` };
  writeStamp(request, { outputs, services: [service] });
  return { changed: true, outputs, services: [service] };
}

function sameProgram(argv, prov) {
  return prov.every((each, at) => argv[at] === each);
}

/** The service user, unless prov lies where that user cannot read it: then root's, and the log says so. */
function chooseAccount(request, prov, log) {
  if (!isRoot()) return undefined;
  const user = findUser(request.target.service_user ?? 'nobody');
  const closed = prov
    .filter((each) => isAbsolute(each) && existsSync(each))
    .find((each) => !isReachable(realpathSync(each), user, 'r'));
  if (closed === undefined) return user;
  log(`the user '${user.name}' cannot read ${closed}: the registry runs as root`, 'warn');
  return undefined;
}

await runScript({ install });
