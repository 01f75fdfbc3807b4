import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  childEnvironment,
  type ErrorCode,
  type ErrorDetails,
  identifyProcess,
  makeDirectories,
  ProvError,
  provHome,
  writeError,
} from '#base';
import type { TrustPolicy } from '#trust';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { portOption, textOption } from '../../options.js';
import { provCommand } from '../../prov-command.js';
import { type RegistryRecord, runningRegistries, writeRecord } from './record.js';

/** How long a registry in the background may take until it answers, in milliseconds. */
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
const DEFAULT_PORT = 5000;

export async function run(context: CommandContext, { options }: CommandInput): Promise<CommandOutput> {
  const data = resolve(
    context.cwd,
    (options['data'] as string | undefined) ?? join(provHome(context.env), 'oci-registry'),
  );
  const port = portOption(options['port'], 'port') ?? DEFAULT_PORT;
  const host = (options['host'] as string | undefined) ?? '127.0.0.1';
  const file = textOption(options, 'trustPolicy');
  const policyPath = file === undefined ? undefined : resolve(context.cwd, file);
  // Read here too: what is wrong with it is told before anything is started.
  const policy = policyPath === undefined ? undefined : await readPolicy(policyPath, context);
  if (options['foreground'] === true) return foreground(context, { data, port, host, policyPath, policy });
  const existing = runningRegistries(context.env).find((record) => record.data === data);
  if (existing && (port === 0 || existing.port === port)) {
    if (existing.trustPolicy?.digest !== policy?.digest)
      throw new ProvError('CLI_USAGE', {
        reason: `the registry with data in ${data} runs ${existing.trustPolicy === undefined ? 'without a trust policy' : 'with another trust policy'}`,
        hint: `Stop it first: prov registry stop --port ${existing.port}`,
      });
    return describe(existing, false);
  }
  const other = runningRegistries(context.env).find((record) => port !== 0 && record.port === port);
  if (other && other.host === host)
    throw new ProvError('REGISTRY_PORT_TAKEN', {
      host,
      port,
      hint: `A registry of yours with data in ${other.data} listens there. Choose another with --port (0 picks a free one), or stop it with prov registry stop --port ${port}.`,
    });
  return background(context, { data, port, host, policyPath });
}

async function readPolicy(path: string, { signal }: CommandContext): Promise<TrustPolicy> {
  const { readTrustPolicy } = await import('#trust');
  return readTrustPolicy(path, { signal });
}

interface Place {
  readonly data: string;
  readonly port: number;
  readonly host: string;
  readonly policyPath: string | undefined;
}

async function foreground(
  context: CommandContext,
  { data, port, host, policyPath, policy }: Place & { readonly policy: TrustPolicy | undefined },
): Promise<CommandOutput> {
  const { startRegistry } = await import('#registry-server');
  const server = await startRegistry({
    dataDir: data,
    host,
    port,
    trustPolicy: policy,
    signal: context.signal,
  });
  let forget = () => {};
  try {
    forget = writeRecord(
      {
        ...identifyProcess(process.pid)!,
        url: server.url,
        host: server.host,
        port: server.port,
        data,
        ...(policy && policyPath && { trustPolicy: { path: policyPath, digest: policy.digest } }),
      },
      context.env,
    );
    context.progress({
      event: 'ready',
      message: `registry ready at ${server.url}`,
      url: server.url,
      port: server.port,
    });
    context.note(`registry ready at ${server.url}, data in ${data}; Ctrl-C stops it`);
    await new Promise<void>((done) => {
      if (context.signal.aborted) return done();
      context.signal.addEventListener('abort', () => done(), { once: true });
    });
  } finally {
    await server.close();
    forget();
  }
  return { data: { url: server.url, stopped: true }, text: 'registry stopped' };
}

async function background(
  context: CommandContext,
  { data, port, host, policyPath }: Place,
): Promise<CommandOutput> {
  const log = join(data, 'registry.log');
  const output = openLog(log);
  const earlier = fstatSync(output).size;
  const [program, ...args] = provCommand();
  const child = spawn(
    program!,
    [
      ...args,
      'registry',
      'start',
      '--foreground',
      '--port',
      String(port),
      '--host',
      host,
      '--data',
      data,
      ...(policyPath === undefined ? [] : ['--trust-policy', policyPath]),
      '--quiet',
      '--out',
      'json',
    ],
    {
      cwd: data,
      env: childEnvironment(context.env),
      detached: true,
      stdio: ['ignore', output, output],
    },
  );
  closeSync(output);
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = signal ?? `exit code ${code}`;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  try {
    for (;;) {
      context.signal.throwIfAborted();
      const record = runningRegistries(context.env).find((each) => each.pid === child.pid);
      if (record) {
        child.unref();
        return describe({ ...record, log }, true);
      }
      if (ended !== undefined || Date.now() > deadline)
        throw startFailure(ended ?? 'it did not answer in time', { log, from: earlier });
      await sleep(POLL_MS);
    }
  } catch (error) {
    child.kill('SIGTERM');
    throw error;
  }
}

function openLog(path: string): number {
  try {
    makeDirectories(dirname(path), { mode: 0o700 });
    return openSync(path, 'a', 0o600);
  } catch (error) {
    throw writeError(path, error);
  }
}

interface StartLog {
  readonly log: string;
  /** Where this start begins in it, in bytes. */
  readonly from: number;
}

/** The child's own error, which it wrote to the log, is what the user needs to see. */
function startFailure(reason: string, { log, from }: StartLog): ProvError {
  const lines = readFileSync(log).subarray(from).toString('utf8').trim().split('\n');
  const own = lines.map(errorDocument).find((document) => document !== undefined);
  if (own) return new ProvError(own.code, { ...own.details, log });
  return new ProvError('CLI_REGISTRY_START_FAILED', { reason, log });
}

function errorDocument(line: string): { code: ErrorCode; details: ErrorDetails } | undefined {
  if (!line.startsWith('{"ok":false,')) return undefined;
  const { error } = JSON.parse(line) as { error: { code: ErrorCode; details: ErrorDetails } };
  return error;
}

function describe(record: RegistryRecord, started: boolean): CommandOutput {
  const { url, port, data, pid, log } = record;
  return {
    data: { url, port, data, pid, started, ...(log === undefined ? {} : { log }) },
    text: `registry ${started ? 'started' : 'already runs'} at ${url} (process ${pid})\nstop it with: prov registry stop --port ${port}`,
  };
}
