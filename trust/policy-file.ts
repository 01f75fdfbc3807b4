import { ProvError } from '#base';
import type { TrustPolicyFile, YamlFile } from '#schemas';

/** A policy as written: checked against its schema, not yet against itself. */
export type PolicyFile = YamlFile<TrustPolicyFile>;
type Place = readonly (string | number)[];

/** An error at a place of the policy file. */
export function invalidAt(file: PolicyFile, keys: Place, reason: string): ProvError {
  return new ProvError('TRUST_POLICY_INVALID', {
    path: file.path,
    ...file.position(keys),
    at: keys.join('.'),
    reason,
  });
}

/** Refuses each of `members` that is there: a requirement that cannot be checked is never skipped. */
export function refuseUnsupported(
  file: PolicyFile,
  at: Place,
  value: object,
  members: readonly string[],
): void {
  const found = members.find((member) => (value as Readonly<Record<string, unknown>>)[member] !== undefined);
  if (found === undefined) return;
  throw new ProvError('TRUST_POLICY_UNSUPPORTED', {
    path: file.path,
    ...file.position([...at, found]),
    what: [...at, found].join('.'),
  });
}

/** A record schema drops a member named `__proto__` in silence; a policy must not lose a word. */
export function refusePrototypeKeys(file: YamlFile, at: Place = [], value: unknown = file.value): void {
  if (value === null || typeof value !== 'object') return;
  for (const [key, member] of Object.entries(value)) {
    const here = [...at, key];
    if (key === '__proto__')
      throw new ProvError('SCHEMAS_KEY_UNKNOWN', {
        path: file.path,
        ...file.position(here),
        key,
        suggestion: 'Remove it.',
      });
    refusePrototypeKeys(file, here, member);
  }
}
