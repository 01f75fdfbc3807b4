import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cliPath } from './project.js';
import type { Cleanup } from './temporary-directory.js';

const START_TIMEOUT_MS = 20_000;

export interface RunningRegistry {
  readonly name: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly data: string;
  readonly pid: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Our own registry, started as its users start it. */
export async function ownRegistry(
  t: Cleanup,
  folder: string,
  env: NodeJS.ProcessEnv,
  { port, wrapper = [] }: { port?: number; wrapper?: readonly string[] | undefined } = {},
): Promise<RunningRegistry> {
  const chosen = port ?? (await freePort());
  const [command, ...prefix] = [...wrapper, process.execPath];
  const data = join(folder, 'own-registry');
  return start(t, {
    name: 'prov',
    command: command!,
    args: [...prefix, cliPath, 'registry', 'start', '--foreground', '--port', String(chosen), '--data', data],
    port: chosen,
    data,
    env,
  });
}

export interface DockerRegistryOptions {
  /** Default true. */
  readonly deletes?: boolean;
  /** Content of an htpasswd file with bcrypt hashes: nobody gets in without a password then. */
  readonly htpasswd?: string;
}

/** Debian's docker-registry with a filesystem store. */
export async function dockerRegistry(
  t: Cleanup,
  folder: string,
  program: string,
  { deletes = true, htpasswd }: DockerRegistryOptions = {},
): Promise<RunningRegistry> {
  const port = await freePort();
  const data = join(folder, 'docker-registry');
  mkdirSync(data, { recursive: true });
  const config = join(folder, 'docker-registry.yml');
  const passwords = join(folder, 'docker-registry.htpasswd');
  if (htpasswd !== undefined) writeFileSync(passwords, htpasswd);
  const auth =
    htpasswd === undefined ? '' : `auth: {htpasswd: {realm: tests, path: ${JSON.stringify(passwords)}}}\n`;
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage:\n  filesystem: {rootdirectory: ${JSON.stringify(data)}}\n  delete: {enabled: ${deletes}}\nhttp: {addr: "127.0.0.1:${port}"}\n${auth}`,
  );
  return start(t, {
    name: 'docker-registry',
    command: program,
    args: ['serve', config],
    port,
    data,
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
}

interface StartOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly data: string;
  readonly env: NodeJS.ProcessEnv;
}

async function start(
  t: Cleanup,
  { name, command, args, port, data, env }: StartOptions,
): Promise<RunningRegistry> {
  // A file never fills up as a pipe does that nobody reads, while a test or a benchmark runs a program and waits.
  const logFile = `${data}.${port}.log`;
  mkdirSync(dirname(data), { recursive: true });
  const logTo = openSync(logFile, 'a');
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', logTo] });
  closeSync(logTo);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    await ended;
  };
  t.after(() => stop('SIGKILL'));
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`${name} did not start: ${readFileSync(logFile, 'utf8').slice(-4000)}`);
    await sleep(50);
  }
  return { name, host: `127.0.0.1:${port}`, data, pid: child.pid!, stop };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/v2/' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 || response.statusCode === 401);
    });
    request.on('error', () => resolve(false));
  });
}
