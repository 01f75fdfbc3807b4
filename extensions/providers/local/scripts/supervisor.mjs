// One a server, detached: keeps the services of desired.json running and tells in status.json how they do.
// SIGHUP: read desired.json again. SIGTERM, SIGINT: stop everything, then end. With nothing left to run it ends.
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { readJson, replaceFile } from '../lib/shared.bundle.mjs';
import { identify, isAlive } from './process-identity.mjs';
import { locateServer, requireServer } from './server-store.mjs';
import { Service } from './service.mjs';

const TRIM_EVERY_MS = 2000;

process.umask(0o022);
const dir = process.argv[2];
const place = locateServer(dirname(dir), basename(dir));
const server = requireServer(place);
const self = identify(process.pid);
const services = new Map();
let generation = 0;
let ready = false;
let again = true;
let working = false;
let ending = false;

const log = (message) => console.error(`${new Date().toISOString()} ${message}`);

function writeStatus(supervisor = self) {
  const records = [...services.values()].map((service) => service.record);
  replaceFile(place.status, { schema: 1, generation, supervisor, services: records }, { mode: 0o600 });
}

let unpublished = false;

/** A full disk must not end supervision: what could not be written is written later. */
function publish() {
  try {
    writeStatus();
    unpublished = false;
  } catch (error) {
    if (!unpublished) log(`status.json cannot be written: ${error.message}`);
    unpublished = true;
  }
}

function createService(definition, digest, desired) {
  const { restart, log_bytes: logBytes } = desired;
  const context = {
    prefix: place.prefix,
    serverId: server.id,
    restart,
    logBytes,
    log,
    onChange: () => ready && publish(),
  };
  return new Service(definition, digest, context);
}

/** Brings what runs in line with desired.json: first what must go, in reverse order, then what must come. */
async function reconcile() {
  const desired = readJson(place.desired);
  if (desired === undefined) throw new Error(`${place.desired} is missing`);
  const wanted = new Map(
    desired.services.filter((each) => each.wanted === 'running').map((each) => [each.definition.name, each]),
  );
  for (const [name, service] of [...services].reverse()) {
    const want = wanted.get(name);
    if (want !== undefined && digestOf(want.definition) === service.digest) continue;
    if (service.state !== 'stopped') await service.stop();
    if (want !== undefined || !desired.services.some((each) => each.definition.name === name))
      services.delete(name);
  }
  for (const [name, { definition, asked }] of wanted) {
    let service = services.get(name);
    if (service === undefined) {
      service = createService(definition, digestOf(definition), desired);
      services.set(name, service);
    }
    if (!service.isUp && (service.state === 'stopped' || asked > generation)) await service.start();
  }
  generation = desired.generation;
}

async function work() {
  if (working) return;
  working = true;
  try {
    while (again && !ending) {
      again = false;
      await reconcile();
      publish();
    }
  } finally {
    working = false;
  }
  // A service that failed for good keeps us here: its state is news that somebody has to fetch.
  const idle = [...services.values()].every((service) => service.state === 'stopped');
  if (ending || (idle && (readJson(place.desired)?.generation ?? 0) === generation)) await end();
}

async function end() {
  ending = true;
  for (const service of [...services.values()].reverse()) await service.stop();
  writeStatus(null);
  process.exit(0);
}

/** Processes that a killed supervisor left behind go on under this one. */
function adoptOrphans() {
  const desired = readJson(place.desired);
  if (desired === undefined) return;
  for (const record of readJson(place.status)?.services ?? []) {
    if (!isAlive(record)) continue;
    const definition = desired.services.find((each) => each.definition.name === record.name)?.definition ?? {
      name: record.name,
      argv: ['-'],
    };
    const service = createService(definition, record.digest, desired);
    services.set(record.name, service);
    service.adopt(record);
  }
}

function digestOf(definition) {
  return createHash('sha256').update(JSON.stringify(definition)).digest('hex');
}

/** With services running we go on: without us nobody would look after them. */
function failed(error) {
  log(error.stack ?? String(error));
  if (![...services.values()].some((service) => service.isUp)) process.exit(1);
}

process.on('SIGHUP', () => {
  again = true;
  work().catch(failed);
});
for (const name of ['SIGTERM', 'SIGINT']) {
  process.on(name, () => {
    log(`${name}: stopping`);
    ending = true;
    if (!working) end().catch(failed);
  });
}

adoptOrphans();
ready = true;
setInterval(() => {
  if (unpublished) publish();
  for (const service of services.values()) service.trimLog();
}, TRIM_EVERY_MS);
work().catch(failed);
