import { spawn } from 'node:child_process';
import { childEnvironment, ProvError } from '#base';
import { loadPublicKey, type Signer } from '#trust';
import { configValue, readUserSettings } from '#workspace';

const MAX_ANSWER_BYTES = 64 * 1024;
/** Hardware waits for a touch. */
const TIMEOUT_MS = 120_000;

export interface ExternalSignerOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Default 120,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A signer that is a program in front of a KMS or HSM, by its name under `security.external_signers` of the
 * machine, the user or the environment; a workspace cannot name one. It is run with `public-key`, and prints a PEM;
 * and with `sign`, reads the bytes from standard input and prints the raw signature (DER for ECDSA, SHA-256; PKCS#1
 * v1.5 for RSA; pure Ed25519). What it signs is verified with its public key.
 * @throws MANAGER_SIGNER_UNKNOWN, MANAGER_SIGNER_FAILED, TRUST_KEY_*
 */
export async function externalSigner(name: string, options: ExternalSignerOptions): Promise<Signer> {
  const settings = await readUserSettings({ env: options.env, signal: options.signal });
  const all = configValue(settings, 'security.external_signers')?.value;
  const command = isRecord(all) && Object.hasOwn(all, name) ? all[name] : undefined;
  if (!Array.isArray(command) || command.length === 0)
    throw new ProvError('MANAGER_SIGNER_UNKNOWN', {
      name,
      known: isRecord(all) ? Object.keys(all).sort().join(', ') || 'none' : 'none',
    });
  const line = command as readonly string[];
  const publicKey = loadPublicKey((await ask(name, [...line, 'public-key'], options)).toString('utf8'));
  return {
    publicKey,
    sign: (data, { signal = options.signal } = {}) =>
      ask(name, [...line, 'sign'], { ...options, signal, input: data }),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function ask(
  name: string,
  [program, ...args]: readonly string[],
  { env, signal, timeoutMs = TIMEOUT_MS, input }: ExternalSignerOptions & { readonly input?: Uint8Array },
): Promise<Buffer> {
  signal?.throwIfAborted();
  const child = spawn(program!, args, {
    env: childEnvironment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
  });
  const chunks: Buffer[] = [];
  let size = 0;
  let said = '';
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown) => {
      child.kill('SIGKILL');
      reject(
        signal?.aborted ? signal.reason : new ProvError('MANAGER_SIGNER_FAILED', { name, reason }, { cause }),
      );
    };
    const timer = setTimeout(() => fail(`it did not answer within ${timeoutMs} ms`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > MAX_ANSWER_BYTES) return fail(`it answered with more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-500);
    });
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => fail((error as NodeJS.ErrnoException).code ?? error.message, error));
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code !== 0)
        return fail(`it ended with ${code ?? 'a signal'}${said.trim() === '' ? '' : `: ${said.trim()}`}`);
      if (size === 0) return fail('it answered nothing');
      resolve(Buffer.concat(chunks));
    });
    child.stdin.end(input ?? '');
  });
}
