import { invalidAt, type PolicyFile, refuseUnsupported } from './policy-file.js';
import { principalsOf } from './threshold.js';
import type { PolicyKey, Voter } from './trust-policy.js';

type Principal = Extract<Voter, { type: 'principal' }>;

/**
 * Principals and authorities of a policy by name. A key belongs to one principal and a principal counts
 * once below any authority, so that counting names is counting people.
 * @throws TRUST_POLICY_INVALID, TRUST_POLICY_UNSUPPORTED
 */
export function readVoters(
  file: PolicyFile,
  keys: ReadonlyMap<string, PolicyKey>,
): ReadonlyMap<string, Voter> {
  const principals = readPrincipals(file, keys);
  const voters = new Map<string, Voter>(principals);
  for (const name of Object.keys(file.value.authorities)) {
    if (principals.has(name)) throw invalidAt(file, ['authorities', name], 'a principal has the same name');
    voters.set(name, readAuthority(file, name, { principals, above: [] }));
  }
  return voters;
}

function readPrincipals(
  file: PolicyFile,
  keys: ReadonlyMap<string, PolicyKey>,
): ReadonlyMap<string, Principal> {
  const owners = new Map<string, string>();
  const principals = new Map<string, Principal>();
  for (const [name, principal] of Object.entries(file.value.principals)) {
    const at = ['principals', name];
    refuseUnsupported(file, at, principal, ['identity']);
    if (principal.keys === undefined) throw invalidAt(file, at, 'it has no keys');
    const keyIds = principal.keys.map((label, i) => {
      const key = keys.get(label);
      if (key === undefined) throw invalidAt(file, [...at, 'keys', i], `there is no key "${label}"`);
      const owner = owners.get(label);
      if (owner !== undefined)
        throw invalidAt(file, [...at, 'keys', i], `the key "${label}" already belongs to ${owner}`);
      owners.set(label, name);
      return key.key.id;
    });
    principals.set(name, { type: 'principal', name, keyIds });
  }
  return principals;
}

function readAuthority(
  file: PolicyFile,
  name: string,
  context: { principals: ReadonlyMap<string, Principal>; above: readonly string[] },
): Voter {
  const at = ['authorities', name];
  const { threshold, of } = file.value.authorities[name]!;
  const above = [...context.above, name];
  const members = of.map((member, i) => {
    const principal = context.principals.get(member);
    if (principal !== undefined) return principal;
    const here = [...at, 'of', i];
    if (above.includes(member)) throw invalidAt(file, here, `"${member}" would be part of itself`);
    if (!Object.hasOwn(file.value.authorities, member))
      throw invalidAt(file, here, `there is no principal or authority "${member}"`);
    return readAuthority(file, member, { ...context, above });
  });
  if (threshold > members.length)
    throw invalidAt(file, [...at, 'threshold'], `it asks for ${threshold} of ${members.length} members`);
  const people = members.flatMap(principalsOf).map((each) => each.name);
  const twice = people.find((person, i) => people.indexOf(person) !== i);
  if (twice !== undefined) throw invalidAt(file, [...at, 'of'], `${twice} would count twice`);
  return { type: 'authority', name, threshold, of: members };
}
