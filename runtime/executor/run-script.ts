import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS, ProvError, log as processLog, redact } from '#base';
import type { ScriptEvent, ScriptRequest } from '#schemas';
import type { FailureClass, ProcessIdentity } from '../event-log/events.js';
import { failureOfExit } from './failure-of-exit.js';
import { type Interpreters, scriptCommand } from './interpreter.js';
import { killTree } from './kill-tree.js';
import { LineSplitter } from './line-splitter.js';
import { identifyProcess } from './process-identity.js';
import { ScriptLog } from './script-log.js';
import { ScriptOutput, type ScriptResult } from './script-output.js';

export interface ScriptCall {
  /** Absolute path of the script. */
  readonly script: string;
  readonly request: ScriptRequest;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Default 64 MiB. */
  readonly maxLogBytes?: number | undefined;
  readonly timeoutMs: number;
  readonly graceMs?: number | undefined;
  readonly interpreters?: Interpreters | undefined;
  /** Value of MARKER_VARIABLE in `env`; everything that carries it ends with the script. */
  readonly marker?: string | undefined;
  /** Leave processes of the group alone after a success (a provider that starts services). */
  readonly keepProcesses?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The script does nothing before this has resolved. */
  readonly onSpawn?: ((identity: ProcessIdentity) => Promise<void>) | undefined;
  readonly onEvent?: ((event: ScriptEvent) => void) | undefined;
}

export interface ScriptOutcome {
  readonly ok: boolean;
  /** Only when not ok. */
  readonly class?: FailureClass;
  readonly exit?: number;
  /** Why it failed, redacted; empty when ok. */
  readonly message: string;
  readonly result: ScriptResult;
  readonly logFile: string;
  readonly durationMs: number;
}

/**
 * The child waits for a line on descriptor 3, then becomes the script under the same pid. If its parent
 * dies first it ends without having done anything.
 */
const GATE = 'IFS= read -r go <&3 || exit 125; exec 3<&-; exec "$@"';
/** Silence after the end of a script that means that whoever still holds its output has nothing to say, in milliseconds. */
const DRAIN_MS = 500;

/**
 * Runs one script by the contract and resolves when neither it nor (unless asked) any process it left
 * runs. Failures of the script are in the outcome, not thrown.
 * @throws RUNTIME_SCRIPT_MISSING, RUNTIME_INTERPRETER_UNKNOWN, RUNTIME_INTERPRETER_MISSING
 * @see docs/spec/scripts.md
 */
export async function runScript(call: ScriptCall): Promise<ScriptOutcome> {
  const { extension, op } = call.request;
  if (!existsSync(call.script)) {
    throw new ProvError('RUNTIME_SCRIPT_MISSING', {
      extension: `${extension.kind} ${extension.name}`,
      script: call.script,
      op,
    });
  }
  const command = scriptCommand(call.script, call.interpreters);
  const log = await ScriptLog.open(call.logFile, call.maxLogBytes);
  try {
    return await run(call, command, log);
  } finally {
    await log.close();
  }
}

async function run(call: ScriptCall, command: readonly string[], log: ScriptLog): Promise<ScriptOutcome> {
  const started = performance.now();
  const gated = process.platform === 'win32' ? command : ['/bin/sh', '-c', GATE, 'prov-gate', ...command];
  const child = spawn(gated[0]!, gated.slice(1), {
    cwd: call.request.extension.dir,
    env: call.env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const ended = endOf(child);
  const output = new ScriptOutput();
  const tail: string[] = [];
  const pulse: Pulse = { at: 0 };
  const reading = Promise.all([
    read(child.stdout!, { log, pulse }, (line) => takeStdout(call, output, { log, line })),
    read(child.stderr!, { log, pulse }, (line) => takeStderr({ log, tail, line })),
  ]);
  for (const pipe of [child.stdin!, child.stdio[3] as Writable]) pipe.on('error', ignoreEarlyExit);
  const watch = new Watch(call, child);
  try {
    const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
    if (identity !== undefined) {
      watch.arm(identity);
      await call.onSpawn?.(identity);
      if (!watch.stopped) (child.stdio[3] as Writable).end('go\n');
    }
    child.stdin!.end(JSON.stringify(call.request));
    const end = await ended;
    await drain(reading, pulse);
    await watch.settle(end.exit === 0);
    const result = output.result;
    const failure = failureOf(end, { watch, output, tail });
    const durationMs = Math.round(performance.now() - started);
    const common = { result, logFile: log.path, durationMs };
    if (failure === undefined) return { ok: true, exit: 0, message: '', ...common };
    return { ok: false, ...failure, ...(end.exit === null ? {} : { exit: end.exit }), ...common };
  } finally {
    await watch.settle(false);
    for (const stream of [child.stdout!, child.stderr!, child.stdin!, child.stdio[3] as Writable])
      stream.destroy();
    await reading;
  }
}

interface End {
  readonly exit: number | null;
  readonly signal: string | null;
  readonly error?: Error;
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ exit: null, signal: null, error }));
    child.once('exit', (exit, signal) => resolve({ exit, signal }));
  });
}

/** Ends the tree on timeout and abort, and sweeps up after the script. */
class Watch {
  readonly #call: ScriptCall;
  readonly #child: ChildProcess;
  #identity: ProcessIdentity | undefined;
  #timer: NodeJS.Timeout | undefined;
  #killing: Promise<boolean> | undefined;
  stopped: 'timed_out' | 'cancelled' | undefined;

  constructor(call: ScriptCall, child: ChildProcess) {
    this.#call = call;
    this.#child = child;
  }

  arm(identity: ProcessIdentity): void {
    this.#identity = identity;
    this.#timer = setTimeout(() => this.#stop('timed_out'), this.#call.timeoutMs);
    this.#call.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (this.#call.signal?.aborted) this.#onAbort();
  }

  /** Resolves when nothing of the script runs any more. */
  async settle(succeeded: boolean): Promise<void> {
    clearTimeout(this.#timer);
    this.#call.signal?.removeEventListener('abort', this.#onAbort);
    await this.#killing;
    if (this.#identity === undefined || (succeeded && this.#call.keepProcesses)) return;
    const { graceMs, marker } = this.#call;
    await killTree(this.#identity, { graceMs, marker, ownChild: true });
    this.#identity = undefined;
  }

  readonly #onAbort = () => this.#stop('cancelled');

  #stop(reason: 'timed_out' | 'cancelled'): void {
    if (this.stopped !== undefined || this.#child.exitCode !== null) return;
    this.stopped = reason;
    const { graceMs, marker } = this.#call;
    this.#killing = killTree(this.#identity!, { graceMs, marker, ownChild: true });
  }
}

/** When output last came, on the monotonic clock in milliseconds. */
interface Pulse {
  at: number;
}

/** Resolves when all output has been read, or when none has come for DRAIN_MS. */
async function drain(reading: Promise<unknown>, pulse: Pulse): Promise<void> {
  const read = reading.then(() => true);
  pulse.at = performance.now();
  while (performance.now() - pulse.at < DRAIN_MS) {
    if (await Promise.race([read, sleep(DRAIN_MS / 10)])) return;
  }
}

async function read(
  stream: Readable,
  { log, pulse }: { log: ScriptLog; pulse: Pulse },
  onLine: (line: ScriptLine) => void,
): Promise<void> {
  let lines: { raw: string; cut: boolean }[] = [];
  const splitter = new LineSplitter(LIMITS.scriptOutputLineBytes, (raw, cut) => lines.push({ raw, cut }));
  const handOut = async () => {
    const batch = lines;
    lines = [];
    const clean = redactLines(batch.map(({ raw }) => raw));
    for (const [index, line] of batch.entries()) onLine({ ...line, clean: clean[index]! });
    await log.flush();
  };
  try {
    for await (const chunk of stream) {
      splitter.push(chunk as Uint8Array);
      pulse.at = performance.now();
      await handOut();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
  splitter.end();
  await handOut();
}

/** A line as the script wrote it, and as others may see it. */
interface ScriptLine {
  readonly raw: string;
  readonly clean: string;
  readonly cut: boolean;
}

/** Masks many lines at once, which is far quicker than one by one; a secret of several lines may join some. */
function redactLines(lines: readonly string[]): readonly string[] {
  const together = redact(lines.join('\n')).split('\n');
  return together.length === lines.length ? together : lines.map(redact);
}

function takeStdout(
  call: ScriptCall,
  output: ScriptOutput,
  into: { log: ScriptLog; line: ScriptLine },
): void {
  const { raw, clean, cut } = into.line;
  const event = output.readLine(raw, cut);
  if (event === undefined || event.type === 'progress' || event.type === 'log')
    into.log.add('stdout', clean, cut);
  if (event === undefined) {
    if (clean !== '') call.onEvent?.({ type: 'log', message: clean });
  } else if (event.type === 'progress' || event.type === 'log') {
    call.onEvent?.({ ...event, message: redact(event.message) });
  } else call.onEvent?.(event);
}

/** Lines of stderr that a failure without a message of its own is explained by. */
const TAIL_LINES = 3;

function takeStderr(into: { log: ScriptLog; tail: string[]; line: ScriptLine }): void {
  const { clean, cut } = into.line;
  into.log.add('stderr', clean, cut);
  if (clean.trim() === '') return;
  into.tail.push(clean.slice(0, 500));
  if (into.tail.length > TAIL_LINES) into.tail.shift();
}

function failureOf(
  end: End,
  parts: { watch: Watch; output: ScriptOutput; tail: readonly string[] },
): { class: FailureClass; message: string } | undefined {
  const { watch, output, tail } = parts;
  if (end.error !== undefined) return { class: 'failed', message: redact(end.error.message) };
  if (end.exit === 0 && output.problem !== undefined)
    return { class: 'invalid', message: redact(`its output is not valid: ${output.problem}`) };
  if (end.exit === 0 && (watch.stopped === undefined || output.hasResult)) return undefined;
  if (watch.stopped === 'timed_out') return { class: 'timed_out', message: 'it did not end in time' };
  if (watch.stopped === 'cancelled') return { class: 'cancelled', message: 'it was interrupted' };
  if (end.exit === null) return { class: 'killed', message: `it was ended by ${end.signal}` };
  const said = output.result.message ?? (tail.join(' | ') || `exit code ${end.exit}`);
  return { class: failureOfExit(end.exit), message: redact(said) };
}

/** A script may end without reading its input; whatever else breaks a pipe shows in how the script ends. */
function ignoreEarlyExit(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE')
    processLog.debug('a pipe to a script broke', { reason: error.code ?? error.message });
}
