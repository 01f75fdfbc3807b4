import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { conflict, readJson, replaceFile, ScriptError, transient } from '../lib/shared.bundle.mjs';
import { isAlive, signalProcess } from './process-identity.mjs';

const SUPERVISOR = fileURLToPath(new URL('supervisor.mjs', import.meta.url));
const POLL_MS = 20;
const MAX_STARTS = 3;
const SUPERVISOR_LOG_BYTES = 1024 * 1024;
const DEFAULTS = { first_delay_ms: 500, max_delay_ms: 30_000, max_quick_failures: 8, stable_ms: 10_000 };
const DEFAULT_LOG_BYTES = 8 * 1024 * 1024;

/** What ought to run on a server; empty when nothing was ever started. */
export function readDesired(place) {
  return readJson(place.desired) ?? { schema: 1, generation: 0, services: [] };
}

/**
 * Writes the next desired state and resolves when the supervisor has brought it about. `change` gets the
 * services (`{definition, wanted, asked}`) and the new generation, and returns the services to be.
 */
export async function applyDesired(place, { config, timeoutMs, signal }, change) {
  const before = readDesired(place);
  const generation = before.generation + 1;
  const services = change(before.services, generation);
  const restart = { ...DEFAULTS, ...config.restart };
  replaceFile(
    place.desired,
    {
      schema: 1,
      generation,
      services,
      restart: {
        firstDelayMs: restart.first_delay_ms,
        maxDelayMs: restart.max_delay_ms,
        maxQuickFailures: restart.max_quick_failures,
        stableMs: restart.stable_ms,
      },
      log_bytes: config.log_bytes ?? DEFAULT_LOG_BYTES,
    },
    { mode: 0o600 },
  );
  const wanted = services.some((each) => each.wanted === 'running');
  if (!wanted && !anythingAlive(place)) return settle(place);
  await supervise(place, generation, { wanted, timeoutMs, signal });
  return settle(place);
}

/** The services as they are now: the supervisor's word, checked against the processes themselves. */
export function observeServices(place) {
  const status = readJson(place.status);
  const desired = readDesired(place);
  const supervised = isAlive(status?.supervisor);
  const services = desired.services.map(({ definition }) => {
    const record = status?.services.find((each) => each.name === definition.name);
    const base = { name: definition.name, state: 'stopped', pid: null, restarts: 0, since: null };
    if (record === undefined) return base;
    const { start: _start, digest: _digest, ...shown } = record;
    const up = record.state === 'running' && isAlive(record);
    if (supervised && record.state === 'running' && !up)
      return { ...base, ...shown, state: 'backoff', pid: null };
    if (!supervised && !up && record.state !== 'stopped')
      return {
        ...base,
        ...shown,
        state: 'failed',
        pid: null,
        message: 'it and its supervisor are gone; start it again',
      };
    return { ...base, ...shown };
  });
  return {
    services,
    supervisor: supervised
      ? { state: 'running', pid: status.supervisor.pid }
      : { state: 'stopped', pid: null },
  };
}

function anythingAlive(place) {
  const status = readJson(place.status);
  return isAlive(status?.supervisor) || (status?.services ?? []).some((each) => isAlive(each));
}

function settle(place) {
  return observeServices(place).services;
}

/**
 * Resolves when the supervisor has brought this generation about. With nothing wanted it ends itself, and
 * that is waited for too: it must not write into a directory that is being removed.
 */
async function supervise(place, generation, { wanted, timeoutMs, signal }) {
  const until = Date.now() + timeoutMs;
  let starts = 0;
  let told = false;
  let last;
  for (;;) {
    const status = readJson(place.status);
    last = status?.supervisor ?? last;
    const alive = isAlive(last);
    const ended = status?.supervisor === null && !alive;
    if (status?.generation === generation && (ended || (wanted && alive))) return;
    if (alive && !told) {
      signalProcess(last.pid, 'SIGHUP');
      told = true;
    } else if (!alive) {
      // It may have ended, with nothing left to do, in the moment before it was told.
      starts += 1;
      if (starts > MAX_STARTS)
        throw new ScriptError(
          `the supervisor of '${place.name}' does not stay up; see ${place.supervisorLog}`,
        );
      await startSupervisor(place, until, signal);
      told = true;
    }
    if (Date.now() > until)
      throw transient(`the supervisor of '${place.name}' needs longer than ${timeoutMs} ms`);
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Starts it in a session of its own; resolves when it has written its name into status.json. */
async function startSupervisor(place, until, signal) {
  if ((statSync(place.supervisorLog, { throwIfNoEntry: false })?.size ?? 0) > SUPERVISOR_LOG_BYTES)
    truncateSync(place.supervisorLog);
  const log = openSync(place.supervisorLog, 'a', 0o600);
  const child = spawn(process.execPath, [SUPERVISOR, place.dir], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LANG: 'C.UTF-8' },
  });
  closeSync(log);
  let ended;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, by) => {
    ended = by ?? `exit code ${code}`;
  });
  child.unref();
  for (;;) {
    const status = readJson(place.status);
    if (status?.supervisor?.pid === child.pid) return;
    if (ended !== undefined) {
      if (ended === 'exit code 0') return;
      throw new ScriptError(
        `the supervisor of '${place.name}' could not be started (${ended}); see ${place.supervisorLog}`,
      );
    }
    if (Date.now() > until) throw transient(`the supervisor of '${place.name}' did not start in time`);
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Seconds that stopping these services one after the other may take. */
export function stopSeconds(services) {
  return services.reduce((total, { definition }) => total + (definition.stop_seconds ?? 10) + 6, 0);
}

/** Refuses a service that cannot be supervised, before anything is written. */
export function checkService(definition) {
  const { name, argv } = definition ?? {};
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name))
    throw conflict(`'${name}' is no name for a service`);
  if (!Array.isArray(argv) || argv.length === 0 || argv.some((each) => typeof each !== 'string'))
    throw conflict(`the service '${name}' has no command line`);
  if (argv[0].startsWith('/') && !existsSync(argv[0]))
    throw conflict(`the service '${name}' cannot start: ${argv[0]} does not exist`);
}
