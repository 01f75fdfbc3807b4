import { rangeCovers, splitRepository } from '#schemas';
import type { ArtifactFacts, VerifyRequest } from './artifact-facts.js';
import type { Candidate } from './candidates.js';
import type { Claims } from './claims.js';
import { logicalRepository } from './logical-repository.js';
import { REASONS, type Reason, type ReasonCode, reason } from './reason.js';
import { type LogicalRepository, matchesPattern } from './repository-pattern.js';
import { describeVoter, isSatisfied, principalsOf } from './threshold.js';
import type { Bind, EnforcementMode, PolicyKey, PolicyLayer, PolicyRule } from './trust-policy.js';

export interface LayerInput {
  readonly request: VerifyRequest;
  readonly facts: ArtifactFacts;
  readonly candidates: readonly Candidate[];
  /** What the pre-screen refused; it decides the reason when nothing else is there. */
  readonly refused: readonly Reason[];
  /** Key ids revoked by any layer, with the reason. */
  readonly revoked: ReadonlyMap<string, string>;
  readonly now: number;
  /** Why signatures may be hidden from us. */
  readonly uncertain?: string | undefined;
}

/** A signature that counts. */
export interface Vote {
  readonly candidate: Candidate;
  readonly principal: string;
  readonly keyId: string;
}

export interface LayerOutcome {
  readonly source: string;
  readonly verified: boolean;
  readonly mode: EnforcementMode;
  readonly rule: PolicyRule | undefined;
  readonly reason: Reason;
  readonly steps: readonly Reason[];
  readonly votes: readonly Vote[];
}

/** What one layer says about an artifact, by its most specific rule. */
export async function evaluateLayer(layer: PolicyLayer, input: LayerInput): Promise<LayerOutcome> {
  const at = { layer: layer.source };
  const place = logicalRepository(input.request, layer.mirrors);
  if (layer.expires !== undefined && input.now >= layer.expires) {
    return settled(layer, false, reason('policy-expired', new Date(layer.expires).toISOString(), at));
  }
  const rule = layer.rules.find((each) => applies(each, place, input));
  if (rule === undefined) {
    if (layer.fallback === 'deny') return settled(layer, false, reason('no-rule', undefined, at));
    return settled(layer, true, reason('accepted', 'no rule of this layer is about it', { ...at, ok: true }));
  }
  const steps: Reason[] = [];
  const votes: Vote[] = [];
  const owners = new Map(
    rule.requires
      .flatMap(principalsOf)
      .flatMap(({ name, keyIds }) => keyIds.map((id) => [id, name] as const)),
  );
  for (const candidate of input.candidates) {
    const judged = await judge(candidate, { layer, rule, owners, place, input });
    steps.push(
      reason(judged.code, judged.detail, {
        ...at,
        ok: judged.vote !== undefined,
        candidate: candidate.digest,
      }),
    );
    if (judged.vote !== undefined) votes.push(judged.vote);
  }
  const outcome = decide(rule, votes, { seen: [...input.refused, ...steps], uncertain: input.uncertain, at });
  return {
    source: layer.source,
    verified: outcome.ok,
    mode: modeAt(rule, input.now),
    rule,
    reason: outcome,
    steps: [...steps, outcome],
    votes,
  };
}

function applies(rule: PolicyRule, place: LogicalRepository, { facts, request }: LayerInput): boolean {
  if (!matchesPattern(rule.pattern, place)) return false;
  const kind = facts.name?.kind ?? request.kind;
  const version = facts.name?.version ?? request.version;
  if (rule.kind !== undefined && rule.kind !== kind) return false;
  return rule.version === undefined || (version !== undefined && rangeCovers(rule.version, version));
}

interface Context {
  readonly layer: PolicyLayer;
  readonly rule: PolicyRule;
  /** Key id to principal, for the keys that may count here. */
  readonly owners: ReadonlyMap<string, string>;
  readonly place: LogicalRepository;
  readonly input: LayerInput;
}
interface Judged {
  readonly code: ReasonCode;
  readonly detail?: string;
  readonly vote?: Vote;
}

async function judge(candidate: Candidate, context: Context): Promise<Judged> {
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
  const status = keyProblem(signer, input);
  if (status !== undefined) return { code: status.code, detail: status.detail };
  const binding = bindingProblem(candidate.claims, rule.bind, place, input.facts);
  if (binding !== undefined) return binding;
  const principal = owners.get(signer.key.id)!;
  return {
    code: 'accepted',
    detail: `signed by ${principal} with key "${signer.name}"`,
    vote: { candidate, principal, keyId: signer.key.id },
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
  { revoked, now }: LayerInput,
): { code: ReasonCode; detail: string } | undefined {
  const why = revoked.get(key.key.id);
  const about = `key "${key.name}"`;
  if (why !== undefined) return { code: 'key-revoked', detail: `${about}: ${why}` };
  if (key.validFrom !== undefined && now < key.validFrom)
    return { code: 'key-not-yet-valid', detail: `${about}, from ${new Date(key.validFrom).toISOString()}` };
  if (key.validUntil !== undefined && now >= key.validUntil)
    return { code: 'key-expired', detail: `${about}, at ${new Date(key.validUntil).toISOString()}` };
  if (key.status === 'retired') return { code: 'key-retired', detail: about };
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

function decide(
  rule: PolicyRule,
  votes: readonly Vote[],
  {
    seen,
    uncertain,
    at,
  }: {
    readonly seen: readonly Reason[];
    readonly uncertain: string | undefined;
    readonly at: { layer: string };
  },
): Reason {
  const signed = new Set(votes.map(({ principal }) => principal));
  const missing = rule.requires.find((voter) => !isSatisfied(voter, signed));
  if (missing === undefined) return reason('accepted', `rule "${rule.id}"`, { ...at, ok: true });
  if (signed.size > 0)
    return reason(
      'threshold',
      `${describeVoter(missing)} must sign; ${[...signed].sort().join(', ')} did`,
      at,
    );
  const closest = seen.filter(({ ok }) => !ok).sort((a, b) => REASONS[b.code].rank - REASONS[a.code].rank)[0];
  if (closest !== undefined) return { ...closest, ...at };
  return uncertain === undefined
    ? reason('unsigned', undefined, at)
    : reason('signatures-uncertain', uncertain, at);
}

/** A rule that only warns or audits does so until its date, then enforces. */
function modeAt(rule: PolicyRule, now: number): EnforcementMode {
  return rule.until !== undefined && now >= rule.until ? 'enforce' : rule.mode;
}

function settled({ source }: PolicyLayer, verified: boolean, why: Reason): LayerOutcome {
  return { source, verified, mode: 'enforce', rule: undefined, reason: why, steps: [why], votes: [] };
}
