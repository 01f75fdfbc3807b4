import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { findUser, invalid, isRoot } from '../lib/shared.bundle.mjs';
import { signalProcess } from './process-identity.mjs';

const MAX_OUTPUT_BYTES = 64 * 1024;
const GRACE_MS = 2000;
const DEFAULT_TIMEOUT_MS = 600_000;

/**
 * Runs one command on the server and returns how it ended. Output beyond 64 KiB a stream is dropped from
 * the middle's end and marked; at the time limit the whole process group is killed.
 */
export async function execute(
  place,
  { argv, env = {}, cwd, stdin = '', timeout_ms: timeoutMs = DEFAULT_TIMEOUT_MS, user },
  signal,
) {
  if (!Array.isArray(argv) || argv.length === 0 || argv.some((each) => typeof each !== 'string'))
    throw invalid('exec needs argv: a list of strings');
  const account = isRoot() && user !== undefined ? findUser(user) : undefined;
  const path = [
    join(place.prefix, 'bin'),
    dirname(process.execPath),
    '/usr/local/bin',
    '/usr/bin',
    '/bin',
    '/usr/sbin',
    '/sbin',
  ];
  const child = spawn(argv[0], argv.slice(1), {
    cwd: cwd ?? place.prefix,
    env: { PATH: path.join(':'), HOME: place.prefix, LANG: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  });
  const streams = { stdout: collect(child.stdout), stderr: collect(child.stderr) };
  // A command that ends without reading its input is no error of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  let timedOut = false;
  const timers = [];
  const end = () => {
    if (child.pid === undefined) return;
    signalProcess(-child.pid, 'SIGTERM');
    timers.push(setTimeout(() => signalProcess(-child.pid, 'SIGKILL'), GRACE_MS));
  };
  timers.push(
    setTimeout(() => {
      timedOut = true;
      end();
    }, timeoutMs),
  );
  signal.addEventListener('abort', end, { once: true });
  try {
    const [code, by] = await new Promise((resolve, reject) => {
      child.once('error', (error) =>
        reject(invalid(`${argv[0]} cannot be run: ${error.message}`, { cause: error })),
      );
      child.once('close', (...ended) => resolve(ended));
    });
    const { stdout, stderr } = streams;
    return {
      code: code ?? null,
      signal: by ?? null,
      stdout: stdout.text(),
      stderr: stderr.text(),
      timed_out: timedOut,
    };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function collect(stream) {
  const chunks = [];
  let size = 0;
  let dropped = 0;
  stream.on('data', (chunk) => {
    const kept = chunk.subarray(0, Math.max(0, MAX_OUTPUT_BYTES - size));
    chunks.push(kept);
    size += kept.length;
    dropped += chunk.length - kept.length;
  });
  return {
    text: () => Buffer.concat(chunks).toString('utf8') + (dropped === 0 ? '' : `\n[${dropped} more bytes]`),
  };
}
