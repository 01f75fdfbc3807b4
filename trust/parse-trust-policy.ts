import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { assertWithin, ProvError } from '#base';
import { checkYaml, parseYaml, trustPolicyFileSchema } from '#schemas';
import { policyOf } from './combine-policies.js';
import { invalidAt, type PolicyFile, refusePrototypeKeys, refuseUnsupported } from './policy-file.js';
import { loadPublicKey } from './public-key.js';
import { readDenials } from './read-denials.js';
import { readRules } from './read-rules.js';
import { readVoters } from './read-voters.js';
import type { Mirror, PolicyKey, TrustPolicy } from './trust-policy.js';

const MAX_POLICY_BYTES = 1024 * 1024;
const MAX_KEY_FILE_BYTES = 16_384;

export interface ParsePolicyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Reads the PEM a policy points at; by default the file at that path relative to the policy. */
  readonly readKey?: ((path: string) => Promise<string>) | undefined;
}

/**
 * Reads `trust-policy.yaml` into a policy of one layer. Strict: unknown and repeated keys, names that stand
 * for nothing, ambiguous rules, thresholds that cannot be met and requirements this prov cannot check are
 * errors with line and column.
 * @throws SCHEMAS_*, TRUST_POLICY_INVALID, TRUST_POLICY_UNSUPPORTED, TRUST_KEY_*
 */
export async function parseTrustPolicy(
  text: string,
  path: string,
  options: ParsePolicyOptions = {},
): Promise<TrustPolicy> {
  assertWithin(Buffer.byteLength(text), MAX_POLICY_BYTES, path);
  const written = parseYaml(text, path);
  refusePrototypeKeys(written);
  const file = checkYaml(written, trustPolicyFileSchema);
  refuseUnsupported(file, [], file.value, ['trustRoots']);
  refuseUnsupported(file, ['limits'], file.value.limits, ['maxOfflineAge']);
  const byName = await readKeys(file, options);
  const { version, expires, default: fallback, limits } = file.value;
  const { signatures, bundleBytes } = limits;
  const voters = readVoters(file, byName);
  const layer = {
    source: path,
    version,
    expires,
    fallback,
    keys: new Map([...byName.values()].map((key) => [key.key.id, key])),
    rules: readRules(file, voters),
    deny: readDenials(file, { keys: byName, voters }),
    mirrors: readMirrors(file),
    limits: { signatures, bundleBytes },
  };
  return policyOf([layer]);
}

/** Reads the policy file at `path`; see `parseTrustPolicy`. @throws BASE_FILE_MISSING, BASE_FILE_UNREADABLE */
export async function readTrustPolicy(path: string, options: ParsePolicyOptions = {}): Promise<TrustPolicy> {
  return await parseTrustPolicy(await readSmall(path, MAX_POLICY_BYTES, options.signal), path, options);
}

async function readKeys(
  file: PolicyFile,
  options: ParsePolicyOptions,
): Promise<ReadonlyMap<string, PolicyKey>> {
  const read =
    options.readKey ??
    ((path) => readSmall(resolve(dirname(file.path), path), MAX_KEY_FILE_BYTES, options.signal));
  const keys = new Map<string, PolicyKey>();
  const owners = new Map<string, string>();
  for (const [name, { pem, ...facts }] of Object.entries(file.value.keys)) {
    const key = loadPublicKey(pem.includes('-----BEGIN') ? pem : await read(pem));
    const twin = owners.get(key.id);
    if (twin !== undefined) throw invalidAt(file, ['keys', name], `it is the same key as "${twin}"`);
    owners.set(key.id, name);
    keys.set(name, { name, key, ...facts });
  }
  return keys;
}

const PREFIX = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/;

function readMirrors(file: PolicyFile): readonly Mirror[] {
  for (const [i, { prefix, signedAs }] of file.value.mirrors.entries()) {
    if (!PREFIX.test(prefix))
      throw invalidAt(
        file,
        ['mirrors', i, 'prefix'],
        'must be a registry host with path segments after it, without a pattern',
      );
    if (!PREFIX.test(signedAs))
      throw invalidAt(
        file,
        ['mirrors', i, 'signedAs'],
        'must be a registry host or namespace with path segments, without a pattern',
      );
    const twin = file.value.mirrors.findIndex((other) => other.prefix === prefix);
    if (twin !== i) throw invalidAt(file, ['mirrors', i, 'prefix'], 'this prefix is there twice');
  }
  return file.value.mirrors;
}

async function readSmall(path: string, limit: number, signal: AbortSignal | undefined): Promise<string> {
  try {
    const { size } = await stat(path);
    assertWithin(size, limit, path);
    return await readFile(path, { encoding: 'utf8', signal });
  } catch (error) {
    if (error instanceof ProvError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new ProvError('BASE_FILE_MISSING', { path }, { cause: error });
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: message }, { cause: error });
  }
}
