import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeError } from './atomic-file.js';
import { ProvError } from './errors/prov-error.js';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.js';

export interface FileLockOptions {
  /** Longest wait for another holder. Default 10,000. */
  readonly timeoutMs?: number;
  /** Called once when another holder has to be waited for. */
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 10_000;
const POLL_MS = 25;

/**
 * Runs `action` while `path.lock` is held by this process alone. A lock whose holder does not run any more is
 * taken over.
 * @throws BASE_LOCK_HELD when another process holds it all the time; BASE_FILE_UNWRITABLE
 */
export async function withFileLock<T>(
  path: string,
  action: () => T | Promise<T>,
  options: FileLockOptions = {},
): Promise<T> {
  const lock = `${path}.lock`;
  const deadline = Date.now() + (options.timeoutMs ?? TIMEOUT_MS);
  for (let told = false; !acquire(lock); told = true) {
    if (!told) options.onWait?.();
    if (Date.now() > deadline) throw new ProvError('BASE_LOCK_HELD', { path, lock });
    await sleep(POLL_MS, undefined, { signal: options.signal });
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { force: true });
  }
}

function acquire(lock: string): boolean {
  let fd: number;
  try {
    fd = openSync(lock, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeError(lock, error);
    if (isAbandoned(lock)) breakLock(lock);
    return false;
  }
  try {
    writeSync(fd, JSON.stringify(identifyProcess(process.pid)));
  } finally {
    closeSync(fd);
  }
  return true;
}

const BREAK_MS = 5000;

/** Who was killed before it wrote its name did not hold it for long. */
function isAbandoned(lock: string): boolean {
  const holder = readHolder(lock);
  if (holder !== undefined) return !isRunning(holder);
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > BREAK_MS;
}

/** One at a time, looking again inside: else two could remove, and the second one a lock that is held by then. */
function breakLock(lock: string): void {
  const mark = `${lock}.break`;
  try {
    closeSync(openSync(mark, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeError(mark, error);
    const made = statSync(mark, { throwIfNoEntry: false })?.mtimeMs;
    if (made !== undefined && Date.now() - made > BREAK_MS) rmSync(mark, { force: true });
    return;
  }
  try {
    if (isAbandoned(lock)) rmSync(lock, { force: true });
  } finally {
    rmSync(mark, { force: true });
  }
}

/** Undefined while the holder is writing its name, or when it is gone. */
function readHolder(lock: string): ProcessIdentity | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(lock, 'utf8')) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
