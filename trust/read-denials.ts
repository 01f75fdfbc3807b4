import { isDigest } from '#base';
import { invalidAt, type PolicyFile, refuseUnsupported } from './policy-file.js';
import { patternAt } from './read-rules.js';
import type { Denial, PolicyKey, Voter } from './trust-policy.js';

const KEY_ID = /^[A-Za-z0-9+/]{43}=$/;

/** The deny list of a policy. @throws TRUST_POLICY_INVALID, TRUST_POLICY_UNSUPPORTED */
export function readDenials(
  file: PolicyFile,
  {
    keys,
    voters,
  }: { readonly keys: ReadonlyMap<string, PolicyKey>; readonly voters: ReadonlyMap<string, Voter> },
): readonly Denial[] {
  return file.value.deny.map((written, i) => {
    const at = ['deny', i];
    refuseUnsupported(file, at, written, ['identity']);
    const { digest, name, key, principal, versions, reason, from, until, compromisedAfter } = written;
    if ([digest, name, key, principal].filter((each) => each !== undefined).length !== 1)
      throw invalidAt(file, at, 'it must have exactly one of digest, name, key and principal');
    if (from !== undefined && until !== undefined && from >= until)
      throw invalidAt(file, [...at, 'until'], 'it ends before it begins');
    if (versions !== undefined && name === undefined)
      throw invalidAt(file, [...at, 'versions'], 'it goes with a name');
    if (compromisedAfter !== undefined && key === undefined && principal === undefined)
      throw invalidAt(file, [...at, 'compromisedAfter'], 'it goes with a key or a principal');
    const always = { reason, from, until };
    if (digest !== undefined) {
      if (!isDigest(digest)) throw invalidAt(file, [...at, 'digest'], `"${digest}" is not a digest`);
      return { digest, ...always };
    }
    if (name !== undefined) return { pattern: patternAt(file, name, [...at, 'name']), versions, ...always };
    if (key === undefined) {
      const denied = voters.get(principal!);
      if (denied?.type !== 'principal')
        throw invalidAt(file, [...at, 'principal'], `there is no principal "${principal}"`);
      return { keyIds: denied.keyIds, compromisedAfter, ...always };
    }
    const keyId = keys.get(key)?.key.id ?? (KEY_ID.test(key) ? key : undefined);
    if (keyId === undefined)
      throw invalidAt(
        file,
        [...at, 'key'],
        `there is no key "${key}"; write its name, or its id of 44 characters`,
      );
    return { keyIds: [keyId], compromisedAfter, ...always };
  });
}
