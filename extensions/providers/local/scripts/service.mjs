import { spawn } from 'node:child_process';
import { closeSync, constants, copyFileSync, openSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findUser, isRoot } from '../lib/shared.bundle.mjs';
import { identify, isAlive, processesMarked, signalProcess } from './process-identity.mjs';

const MARK = 'PROV_SERVICE_ID';
const POLL_MS = 100;
const DEFAULT_STOP_SECONDS = 10;
const SYSTEM_PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];

/** One supervised process: started, watched, started again when it falls, stopped with all its children. */
export class Service {
  #context;
  #process;
  #timer;
  #quickFailures = 0;
  #stopping = false;

  /** `context`: `{prefix, serverId, restart, logBytes, onChange, log}`. */
  constructor(definition, digest, context) {
    this.definition = definition;
    this.digest = digest;
    this.#context = context;
    this.restarts = 0;
    this.message = undefined;
    this.#enter('stopped');
  }

  get record() {
    return {
      name: this.definition.name,
      state: this.state,
      pid: this.#process?.pid ?? null,
      start: this.#process?.start ?? null,
      digest: this.digest,
      restarts: this.restarts,
      since: this.since,
      ...(this.message === undefined ? {} : { message: this.message }),
    };
  }

  get isUp() {
    return this.state === 'running' || this.state === 'backoff';
  }

  /** Takes over a process that an earlier supervisor left behind. */
  adopt(record) {
    this.restarts = record.restarts;
    this.#process = { pid: record.pid, start: record.start };
    this.#enter('running', 'adopted after its supervisor ended');
    this.#watchAdopted(this.#process);
  }

  /** Starts it with a clean slate; resolves once it runs or has failed for good. */
  async start() {
    this.#stopping = false;
    this.restarts = 0;
    this.#quickFailures = 0;
    // Children of an earlier life would hold its port.
    await this.#sweep();
    await this.#launch();
  }

  /** Resolves when no process of it is left. */
  async stop() {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const running = this.#process;
    if (running !== undefined && isAlive(running)) {
      this.#enter('stopping');
      const { stop_signal: signal = 'SIGTERM', stop_seconds: seconds = DEFAULT_STOP_SECONDS } =
        this.definition;
      signalProcess(running.pid, signal);
      if (!(await gone(running, seconds * 1000))) {
        this.#context.log(`${this.definition.name}: still there ${seconds} s after ${signal}, killed`);
        signalProcess(running.pid, 'SIGKILL');
        await gone(running, 5000);
      }
    }
    await this.#sweep(running);
    this.#process = undefined;
    this.#enter('stopped');
  }

  /** Keeps the log below its cap: the older half moves to NAME.log.1, writers keep their open file. */
  trimLog() {
    const path = this.#logPath();
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= this.#context.logBytes) return;
    try {
      copyFileSync(path, `${path}.1`);
    } catch (error) {
      // No space for the older part: it is lost, the cap holds.
      this.#context.log(`${path}.1 cannot be written: ${error.message}`);
    }
    truncateSync(path, 0);
  }

  #enter(state, message) {
    this.state = state;
    this.message = message;
    this.since = new Date().toISOString();
    this.#context.onChange?.();
  }

  #logPath() {
    return join(this.#context.prefix, 'log', `${this.definition.name}.log`);
  }

  async #launch() {
    const { definition } = this;
    let child;
    try {
      child = this.#spawn();
      await new Promise((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
    } catch (error) {
      this.#enter('failed', `could not be started: ${error.code ?? ''} ${error.message}`);
      return;
    }
    child.on('error', (error) => this.#context.log(`${definition.name}: ${error.message}`));
    // Without a start time the process has ended already; its exit event is on the way.
    const running = identify(child.pid) ?? { pid: child.pid, start: 'ended' };
    this.#process = running;
    const startedAt = Date.now();
    child.once('exit', (code, signal) => this.#ended(running, signal ?? `exit code ${code}`, startedAt));
    this.#enter('running');
  }

  #spawn() {
    const { argv, cwd, env, user } = this.definition;
    const account = isRoot() && user !== undefined ? findUser(user) : undefined;
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
    const log = openSync(this.#logPath(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o640);
    try {
      return spawn(argv[0], argv.slice(1), {
        cwd: cwd ?? this.#context.prefix,
        env: { ...this.#baseEnvironment(), ...env, [MARK]: this.#mark() },
        stdio: ['ignore', log, log],
        detached: true,
        ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
      });
    } finally {
      closeSync(log);
    }
  }

  /** Nothing of prov's own environment, which may hold secrets, reaches a service. */
  #baseEnvironment() {
    const path = [join(this.#context.prefix, 'bin'), dirname(process.execPath), ...SYSTEM_PATH];
    return { PATH: path.join(':'), HOME: this.#context.prefix, LANG: 'C.UTF-8' };
  }

  #mark() {
    return `${this.#context.serverId}:${this.definition.name}`;
  }

  async #watchAdopted(running) {
    while (isAlive(running)) await sleep(POLL_MS * 2);
    this.#ended(running, 'ended', Date.now());
  }

  #ended(running, how, startedAt) {
    if (this.#process !== running || this.#stopping) return;
    const { firstDelayMs, maxDelayMs, maxQuickFailures, stableMs } = this.#context.restart;
    this.#quickFailures = Date.now() - startedAt >= stableMs ? 1 : this.#quickFailures + 1;
    this.#comeBack(running, {
      how,
      delayMs: Math.min(firstDelayMs * 2 ** (this.#quickFailures - 1), maxDelayMs),
      maxQuickFailures,
    }).catch((error) => {
      this.#enter('failed', `could not be started again: ${error.message}`);
    });
  }

  async #comeBack(running, { how, delayMs, maxQuickFailures }) {
    await this.#sweep(running);
    if (this.#stopping) return;
    this.#process = undefined;
    if (this.#quickFailures > maxQuickFailures) {
      this.#enter(
        'failed',
        `ended ${this.#quickFailures} times in a row (last: ${how}); see ${this.#logPath()}`,
      );
      return;
    }
    this.#context.log(`${this.definition.name}: ${how}; starts again in ${delayMs} ms`);
    this.#enter('backoff', how);
    this.#timer = setTimeout(() => {
      this.restarts += 1;
      this.#launch();
    }, delayMs);
  }

  /** Kills what is left of its process group, and children that left the group but carry its mark. */
  async #sweep(running) {
    if (running !== undefined) signalProcess(-running.pid, 'SIGKILL');
    for (let round = 0; round < 50; round += 1) {
      const left = processesMarked(MARK, this.#mark());
      if (left.length === 0) return;
      for (const pid of left) signalProcess(pid, 'SIGKILL');
      await sleep(20);
    }
    this.#context.log(`${this.definition.name}: some of its processes could not be ended`);
  }
}

async function gone(running, timeoutMs) {
  const until = Date.now() + timeoutMs;
  while (isAlive(running)) {
    if (Date.now() > until) return false;
    await sleep(Math.min(POLL_MS, 20));
  }
  return true;
}
