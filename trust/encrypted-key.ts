import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import * as z from 'zod';
import { ProvError } from '#base';
import { fromBase64 } from './strict-base64.js';
import { parseStrictJson } from './strict-json.js';

/** PEM labels of cosign's encrypted keys; the second is what cosign wrote before 2.0. */
export const ENCRYPTED_LABELS = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'] as const;

/** What cosign writes: 64 MiB and about 0.2 s per try. */
const SCRYPT_WRITTEN = { N: 65_536, r: 8, p: 1 } as const;
/** A hostile key file is a memory bomb: 128 * N * r bytes are needed to open it. */
const MAX_SCRYPT_MEMORY = 256 * 1024 * 1024;
const MAX_SCRYPT_N = 2 ** 20;
const MAX_SCRYPT_R = 64;
const MAX_SCRYPT_P = 4;
const SECRETBOX_KEY_BYTES = 32;
const SECRETBOX_NONCE_BYTES = 24;
const SALT_BYTES = 32;
const MAX_BODY = { maxBytes: 65_536, maxDepth: 4 } as const;

const bodySchema = z.strictObject({
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    params: z.strictObject({
      N: z
        .int()
        .min(2)
        .max(MAX_SCRYPT_N)
        .refine((value) => Number.isInteger(Math.log2(value)), 'must be a power of two'),
      r: z.int().min(1).max(MAX_SCRYPT_R),
      p: z.int().min(1).max(MAX_SCRYPT_P),
    }),
    salt: z.string().max(256),
  }),
  cipher: z.strictObject({ name: z.literal('nacl/secretbox'), nonce: z.string().max(64) }),
  ciphertext: z.string().max(32_768),
});

/**
 * Opens the body of cosign's encrypted PEM and gives the PKCS#8 DER inside.
 * @throws TRUST_KEY_INVALID for another shape or parameters above the caps (256 MiB, N 2^20, p 4).
 * @throws TRUST_KEY_PASSWORD_WRONG
 * @see cosign pkg/cosign/keys.go and go-securesystemslib/encrypted
 */
export async function openEncryptedKey(body: Uint8Array, password: string): Promise<Buffer> {
  const { kdf, cipher, ciphertext } = readBody(body);
  const salt = decode(kdf.salt, 'salt');
  const nonce = decode(cipher.nonce, 'nonce');
  const box = decode(ciphertext, 'ciphertext');
  if (nonce.byteLength !== SECRETBOX_NONCE_BYTES) throw invalid('its nonce has a wrong length');
  const { default: nacl } = await import('tweetnacl');
  const key = await deriveKey(password, salt, kdf.params);
  const opened = nacl.secretbox.open(box, nonce, key);
  if (opened === null) throw new ProvError('TRUST_KEY_PASSWORD_WRONG');
  return Buffer.from(opened);
}

/** The body of cosign's encrypted PEM around a PKCS#8 DER; cosign 2 and 3 open it. */
export async function sealEncryptedKey(pkcs8: Uint8Array, password: string): Promise<Buffer> {
  const { default: nacl } = await import('tweetnacl');
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(SECRETBOX_NONCE_BYTES);
  const box = nacl.secretbox(pkcs8, nonce, await deriveKey(password, salt, SCRYPT_WRITTEN));
  const body = {
    kdf: { name: 'scrypt', params: SCRYPT_WRITTEN, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(box).toString('base64'),
  };
  return Buffer.from(JSON.stringify(body));
}

function readBody(body: Uint8Array): z.output<typeof bodySchema> {
  const json = parseStrictJson(body, MAX_BODY);
  if (!json.ok) throw invalid(`its body ${json.reason}`);
  const result = bodySchema.safeParse(json.value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw invalid(`${issue.path.join('.') || 'body'}: ${issue.message}`);
  }
  const { N, r } = result.data.kdf.params;
  if (128 * N * r > MAX_SCRYPT_MEMORY)
    throw invalid(
      `opening it would take ${Math.round((128 * N * r) / 2 ** 20)} MiB; at most 256 are allowed`,
    );
  return result.data;
}

async function deriveKey(
  password: string,
  salt: Uint8Array,
  params: { N: number; r: number; p: number },
): Promise<Uint8Array> {
  const options: ScryptOptions = {
    ...params,
    maxmem: 128 * params.N * params.r + 128 * params.r * params.p + 1024 * 1024,
  };
  return await new Promise((resolve, reject) => {
    scrypt(password, salt, SECRETBOX_KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

function decode(text: string, what: string): Buffer {
  const bytes = fromBase64(text);
  if (bytes === undefined || bytes.byteLength === 0) throw invalid(`its ${what} is not base64`);
  return bytes;
}

function invalid(reason: string): ProvError {
  return new ProvError('TRUST_KEY_INVALID', { what: 'encrypted private key', reason });
}
