import { spawn } from 'node:child_process';
import { ProvError, registerSecret } from '#base';
import type { Credential } from './credential-source.js';

export interface HelperOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Default 30,000: helpers may ask a person. */
  readonly timeoutMs?: number | undefined;
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
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(helper))
    throw failed(helper, server, 'its name is not a plain program name');
  const { code, output } = await run(helper, server, options);
  if (code !== 0) {
    if (/not found/i.test(output) && /credentials/i.test(output)) return undefined;
    throw failed(helper, server, `it ended with ${code}`);
  }
  let answer: Record<string, unknown>;
  try {
    answer = Object(JSON.parse(output)) as Record<string, unknown>;
  } catch {
    throw failed(helper, server, 'its answer is not JSON');
  }
  const username = answer['Username'];
  const secret = answer['Secret'];
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  registerSecret(secret);
  return username === TOKEN_USER ? { identityToken: secret } : { username, password: secret };
}

function run(
  helper: string,
  server: string,
  options: HelperOptions,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${helper}`, ['get'], {
      env: options.env,
      signal: options.signal,
      timeout: options.timeoutMs ?? HELPER_TIMEOUT_MS,
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
      else child.kill('SIGKILL');
    });
    child.once('error', (error) => {
      reject(options.signal?.aborted ? options.signal.reason : failed(helper, server, error.message));
    });
    child.once('close', (code, signal) => {
      if (code === null) reject(failed(helper, server, `it was ended by ${signal}`));
      else resolve({ code, output: Buffer.concat(chunks).toString('utf8').trim() });
    });
    // A helper that exits without reading its input is judged by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${server}\n`);
  });
}

function failed(helper: string, host: string, reason: string): ProvError {
  return new ProvError('OCI_AUTH_HELPER_FAILED', { helper, host, reason });
}
