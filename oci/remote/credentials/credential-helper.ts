import { spawn } from 'node:child_process';
import { childEnvironment, ProvError, registerSecret } from '#base';
import type { Credential } from './credential-source.js';

export interface HelperOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Default 30,000: helpers may ask a person. */
  readonly timeoutMs?: number | undefined;
  /** The file that names the helper, for messages. */
  readonly namedIn?: string | undefined;
}

const HELPER_TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
/** User name by which a helper says that the secret is an identity token. */
const TOKEN_USER = '<token>';

/**
 * Asks `docker-credential-<helper>` for a server. The server goes by stdin and the secret comes by
 * stdout, so neither is ever in an argument. Undefined when the helper knows none.
 * @throws OCI_AUTH_HELPER_FAILED
 * @see https://github.com/docker/docker-credential-helpers
 */
export async function askCredentialHelper(
  helper: string,
  server: string,
  options: HelperOptions,
): Promise<Credential | undefined> {
  const fail = failure(helper, server, options);
  const { code, output } = await run({ helper, verb: 'get', input: server }, fail, options);
  if (code !== 0) {
    if (isUnknown(output)) return undefined;
    throw fail(`it ended with ${code}`);
  }
  let answer: Record<string, unknown>;
  try {
    answer = Object(JSON.parse(output)) as Record<string, unknown>;
  } catch {
    throw fail('its answer is not JSON');
  }
  const username = answer['Username'];
  const secret = answer['Secret'];
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  registerSecret(secret);
  return username === TOKEN_USER ? { identityToken: secret } : { username, password: secret };
}

/** Gives a credential to a helper, by stdin. @throws OCI_AUTH_HELPER_FAILED */
export async function storeInHelper(
  helper: string,
  server: string,
  { credential, ...options }: HelperOptions & { readonly credential: Credential },
): Promise<void> {
  const { username, password, identityToken } = credential;
  const entry = {
    ServerURL: server,
    Username: identityToken === undefined ? (username ?? '') : TOKEN_USER,
    Secret: identityToken ?? password ?? '',
  };
  const fail = failure(helper, server, options);
  const { code } = await run({ helper, verb: 'store', input: JSON.stringify(entry) }, fail, options);
  if (code !== 0) throw fail(`it ended with ${code}`);
}

/** Makes a helper forget a server; false when it knew none. @throws OCI_AUTH_HELPER_FAILED */
export async function eraseFromHelper(
  helper: string,
  server: string,
  options: HelperOptions,
): Promise<boolean> {
  const fail = failure(helper, server, options);
  const { code, output } = await run({ helper, verb: 'erase', input: server }, fail, options);
  if (code !== 0 && !isUnknown(output)) throw fail(`it ended with ${code}`);
  return code === 0;
}

function isUnknown(output: string): boolean {
  return /not found/i.test(output) && /credentials/i.test(output);
}

interface HelperCall {
  readonly helper: string;
  readonly verb: 'get' | 'store' | 'erase';
  readonly input: string;
}

function run(
  { helper, verb, input }: HelperCall,
  fail: (reason: string) => ProvError,
  options: HelperOptions,
): Promise<{ code: number; output: string }> {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(helper)) throw fail('its name is not a plain program name');
  return new Promise((resolve, reject) => {
    const timeoutMs = options.timeoutMs ?? HELPER_TIMEOUT_MS;
    const child = spawn(`docker-credential-${helper}`, [verb], {
      env: childEnvironment(options.env),
      signal: options.signal,
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let ended: string | undefined;
    const end = (reason: string) => {
      ended ??= reason;
      child.kill('SIGKILL');
      // What it started may hold the pipe open: nobody waits for that.
      child.stdout.destroy();
    };
    const timer = setTimeout(() => end(`it did not end within ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
      else end(`it writes more than ${MAX_OUTPUT_BYTES} bytes`);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (options.signal?.aborted) return reject(options.signal.reason);
      reject(fail(spawnFailure(`docker-credential-${helper}`, error)));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (ended !== undefined) reject(fail(ended));
      else if (code === null) reject(fail(`it was ended by ${signal}`));
      else resolve({ code, output: Buffer.concat(chunks).toString('utf8').trim() });
    });
    // A helper that exits without reading its input is judged by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${input}\n`);
  });
}

/** Also told when a folder of PATH cannot be looked into and no other has the program. */
function spawnFailure(program: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `${program} is not in PATH`;
  return code === 'EACCES' ? `${program} is not in PATH, or it may not be run` : message;
}

function failure(helper: string, host: string, { namedIn }: HelperOptions): (reason: string) => ProvError {
  return (reason) =>
    new ProvError('OCI_AUTH_HELPER_FAILED', {
      helper,
      host,
      reason: namedIn === undefined ? reason : `${reason}; ${namedIn} names it`,
      ...(namedIn === undefined ? {} : { namedIn }),
    });
}
