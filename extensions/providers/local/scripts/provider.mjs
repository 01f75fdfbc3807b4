import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { invalid, runScript } from '../lib/shared.bundle.mjs';
import { execute } from './execute.mjs';
import { withLock } from './lock.mjs';
import { allocatePort, assertPortsFree } from './ports.mjs';
import {
  listServers,
  locateServer,
  makeServer,
  readServer,
  requireServer,
  serversRoot,
  serviceUser,
} from './server-store.mjs';
import { applyDesired, checkService, observeServices, readDesired, stopSeconds } from './supervision.mjs';

const DEFAULT_DEADLINE_MS = 120_000;
const LOCK_WAIT_MS = 60_000;

const deadline = (request) => request.deadline_ms ?? DEFAULT_DEADLINE_MS;
const find = (request) =>
  locateServer(serversRoot(request.config), request.input.server ?? request.target.server);
const lockOptions = (request, { signal }) => ({ waitMs: Math.min(deadline(request), LOCK_WAIT_MS), signal });

function describe(place, request) {
  const user = serviceUser(request.config);
  return { dir: place.dir, prefix: place.prefix, ...(user === undefined ? {} : { service_user: user.name }) };
}

async function create(request, tools) {
  const place = find(request);
  const outputs = describe(place, request);
  if (readServer(place) !== undefined) return { changed: false, outputs };
  if (request.dry_run) return { changed: true, outputs, message: `would create ${place.dir}` };
  return withLock(place.lock, lockOptions(request, tools), () => {
    if (readServer(place) !== undefined) return { changed: false, outputs };
    makeServer(place);
    return { changed: true, outputs };
  });
}

function list(request) {
  const servers = listServers(serversRoot(request.config)).map((place) => ({
    name: place.name,
    ...describe(place, request),
  }));
  return { outputs: { servers } };
}

function state(request) {
  const place = find(request);
  const record = readServer(place);
  if (record === undefined) return { status: 'absent', outputs: { exists: false, services: [] } };
  return {
    status: 'done',
    outputs: { exists: true, ...describe(place, request), ports: record.ports, ...observeServices(place) },
  };
}

async function exec(request, { signal }) {
  const place = find(request);
  requireServer(place);
  if (request.dry_run) return { changed: false, message: 'would run a command' };
  return { outputs: await execute(place, request.input, signal) };
}

async function allocate(request, tools) {
  const place = find(request);
  if (request.dry_run) {
    const known = requireServer(place).ports[request.input.name];
    return { changed: known === undefined, outputs: known === undefined ? {} : { port: known } };
  }
  const { port, changed } = await withLock(join(place.root, '.ports.lock'), lockOptions(request, tools), () =>
    allocatePort(place, request.input),
  );
  return { changed, outputs: { port } };
}

/** Starts the given services, or with none given all that the server knows. */
async function start(request, tools) {
  const place = find(request);
  requireServer(place);
  const given = request.input.services ?? readDesired(place).services.map((each) => each.definition);
  if (!Array.isArray(given)) throw invalid('start needs services: a list of definitions');
  for (const definition of given) checkService(definition);
  if (request.dry_run)
    return { changed: true, message: `would start ${given.map((each) => each.name).join(', ')}` };
  return withLock(place.lock, lockOptions(request, tools), async () => {
    const before = observeServices(place);
    const idle = (name) =>
      (before.services.find((each) => each.name === name)?.state ?? 'stopped') === 'stopped';
    for (const definition of given) if (idle(definition.name)) await assertPortsFree(definition);
    const options = { config: request.config, timeoutMs: deadline(request), signal: tools.signal };
    const names = new Set(given.map((each) => each.name));
    const services = await applyDesired(place, options, (known, generation) => [
      ...known.map((each) => ({
        ...each,
        ...(names.has(each.definition.name)
          ? {
              definition: given.find((one) => one.name === each.definition.name),
              wanted: 'running',
              asked: generation,
            }
          : {}),
      })),
      ...given
        .filter((one) => !known.some((each) => each.definition.name === one.name))
        .map((definition) => ({ definition, wanted: 'running', asked: generation })),
    ]);
    const broken = services.find((each) => names.has(each.name) && each.state === 'failed');
    if (broken !== undefined) throw invalid(`the service '${broken.name}' failed: ${broken.message}`);
    const changed = services.some(
      (each) =>
        names.has(each.name) && each.pid !== before.services.find((old) => old.name === each.name)?.pid,
    );
    return { changed, outputs: { services: services.filter((each) => names.has(each.name)) } };
  });
}

/** Stops the named services, or all; resolves when no process of them is left. */
async function stop(request, tools) {
  const place = find(request);
  if (readServer(place) === undefined) return { changed: false, outputs: { services: [] } };
  const names = request.input.services;
  const running = observeServices(place).services.filter(
    (each) => each.state !== 'stopped' && (names === undefined || names.includes(each.name)),
  );
  if (request.dry_run)
    return {
      changed: running.length > 0,
      message: `would stop ${running.map((each) => each.name).join(', ')}`,
    };
  const services = await withLock(place.lock, lockOptions(request, tools), () =>
    stopServices(place, request, names, tools.signal),
  );
  return { changed: running.length > 0, outputs: { services } };
}

function stopServices(place, request, names, signal) {
  const needMs = stopSeconds(readDesired(place).services) * 1000;
  const options = { config: request.config, timeoutMs: Math.min(deadline(request), needMs + 10_000), signal };
  return applyDesired(place, options, (known) =>
    known.map((each) =>
      names === undefined || names.includes(each.definition.name) ? { ...each, wanted: 'stopped' } : each,
    ),
  );
}

/** Stops everything, then removes the server with all its data. */
async function remove(request, tools) {
  const place = find(request);
  if (readServer(place) === undefined) {
    if (existsSync(place.dir)) throw invalid(`${place.dir} was not made by this provider; remove it by hand`);
    return { changed: false };
  }
  if (request.dry_run) return { changed: true, message: `would remove ${place.dir}` };
  await withLock(place.lock, lockOptions(request, tools), async () => {
    await stopServices(place, request, undefined, tools.signal);
    // The record goes last, so that an interrupted removal can be taken up again.
    for (const path of [place.prefix, place.supervisor, place.dir])
      rmSync(path, { recursive: true, force: true });
  });
  removeIfEmpty(place.root);
  return { changed: true };
}

function removeIfEmpty(path) {
  try {
    rmdirSync(path);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
}

await runScript({ create, list, state, exec, delete: remove, allocate_port: allocate, start, stop });
