import { splitRepository } from '#schemas';
import type { ArtifactFacts } from './artifact-facts.js';
import type { Candidate, Witness } from './candidates.js';
import type { Claims } from './claims.js';
import type { LayerInput, Vote } from './evaluate-layer.js';
import type { ReasonCode } from './reason.js';
import type { LogicalRepository } from './repository-pattern.js';
import type { Bind, PolicyKey, PolicyLayer, PolicyRule } from './trust-policy.js';

export interface JudgeContext {
  readonly layer: PolicyLayer;
  readonly rule: PolicyRule;
  /** Key id to principal, for the keys that may count here. */
  readonly owners: ReadonlyMap<string, string>;
  readonly place: LogicalRepository;
  readonly input: LayerInput;
}
export interface Judged {
  readonly code: ReasonCode;
  readonly detail?: string;
  readonly vote?: Vote;
}

/** Whether one signature counts for a rule: key, mathematics, status and time of the key, names, witnesses. */
export async function judgeCandidate(candidate: Candidate, context: JudgeContext): Promise<Judged> {
  const { layer, rule, owners, place, input } = context;
  if (candidate.certificate) return { code: 'keyless-unsupported' };
  const named =
    candidate.hint === undefined ? [...owners.keys()] : owners.has(candidate.hint) ? [candidate.hint] : [];
  const keys = named.flatMap((id) => layer.keys.get(id) ?? []);
  if (keys.length === 0)
    return { code: 'unknown-key', detail: candidate.hint ?? 'a .sig signature; no key is trusted here' };
  if (candidate.claims === undefined && rule.bind === 'strict') return { code: 'binding-missing' };
  const signer = await firstHolding(candidate, keys);
  if (signer === undefined)
    return candidate.hint === undefined
      ? { code: 'unknown-key', detail: 'no trusted key made this .sig signature' }
      : { code: 'signature-invalid', detail: `key "${keys[0]!.name}"` };
  const signedAt = earliest(candidate.witnesses);
  const status = keyProblem(signer, { ...input, signedAt });
  if (status !== undefined) return { code: status.code, detail: status.detail };
  const binding = bindingProblem(candidate.claims, rule.bind, place, input.facts);
  if (binding !== undefined) return binding;
  const alone = witnessProblem(candidate, rule);
  if (alone !== undefined) return alone;
  const principal = owners.get(signer.key.id)!;
  return {
    code: 'accepted',
    detail: `signed by ${principal} with key "${signer.name}"`,
    vote: { candidate, principal, keyId: signer.key.id, signedAt },
  };
}

async function firstHolding(
  candidate: Candidate,
  keys: readonly PolicyKey[],
): Promise<PolicyKey | undefined> {
  for (const key of keys) if (await candidate.holds(key.key)) return key;
  return undefined;
}

function keyProblem(
  key: PolicyKey,
  { revoked, now, signedAt }: LayerInput & { readonly signedAt: number | undefined },
): { code: ReasonCode; detail: string } | undefined {
  const revocation = revoked.get(key.key.id);
  const about = `key "${key.name}"`;
  if (revocation !== undefined && !isBefore(signedAt, revocation.compromisedAfter))
    return { code: 'key-revoked', detail: `${about}: ${revocation.why}` };
  if (key.validFrom !== undefined && now < key.validFrom)
    return { code: 'key-not-yet-valid', detail: `${about}, from ${new Date(key.validFrom).toISOString()}` };
  if (key.validUntil !== undefined && now >= key.validUntil)
    return { code: 'key-expired', detail: `${about}, at ${new Date(key.validUntil).toISOString()}` };
  if (key.status === 'retired' && !isBefore(signedAt, key.trustSignedBefore))
    return { code: 'key-retired', detail: about };
  return undefined;
}

function isBefore(time: number | undefined, limit: number | undefined): boolean {
  return time !== undefined && limit !== undefined && time < limit;
}

/** The signature was there at each of these times, so the first is nearest to when it was made. */
function earliest(witnesses: readonly Witness[]): number | undefined {
  const times = witnesses.flatMap(({ time }) => (time === undefined ? [] : [time]));
  return times.length === 0 ? undefined : Math.min(...times);
}

function witnessProblem({ witnesses }: Candidate, rule: PolicyRule): Judged | undefined {
  for (const kind of ['log', 'timestamp'] as const) {
    const found = witnesses.filter((each) => each.kind === kind).length;
    const asked = rule.witnesses[kind];
    if (found < asked) return { code: `${kind}-missing`, detail: `${found} of ${asked}` };
  }
  return undefined;
}

/** Claims that are there must hold, also under `bind: digest`, which only excuses that there are none. */
function bindingProblem(
  claims: Claims | undefined,
  bind: Bind,
  place: LogicalRepository,
  facts: ArtifactFacts,
): Judged | undefined {
  if (claims === undefined) return undefined;
  const [signed, asked] = [splitRepository(claims.repository), splitRepository(place.repository)];
  const detail = `signed as ${claims.repository}, asked for ${place.repository}`;
  if (signed.namespace !== asked.namespace) return { code: 'signed-namespace-mismatch', detail };
  if (signed.name !== asked.name) return { code: 'signed-name-mismatch', detail };
  const own = facts.name;
  if (own === undefined)
    return bind === 'digest'
      ? undefined
      : { code: 'binding-missing', detail: 'the artifact itself has no name' };
  if (claims.name !== own.name)
    return { code: 'signed-name-mismatch', detail: `signed as ${claims.name}, it is ${own.name}` };
  if (claims.version !== own.version)
    return { code: 'signed-version-mismatch', detail: `signed as ${claims.version}, it is ${own.version}` };
  if (claims.kind !== own.kind)
    return { code: 'signed-kind-mismatch', detail: `signed as a ${claims.kind}, it is a ${own.kind}` };
  return undefined;
}
