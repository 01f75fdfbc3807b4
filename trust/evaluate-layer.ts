import { rangeCovers } from '#schemas';
import type { ArtifactFacts, VerifyRequest } from './artifact-facts.js';
import type { Candidate } from './candidates.js';
import type { Revocation } from './deny-list.js';
import { judgeCandidate } from './judge-candidate.js';
import { logicalRepository } from './logical-repository.js';
import { REASONS, type Reason, reason } from './reason.js';
import { type LogicalRepository, matchesPattern } from './repository-pattern.js';
import { describeVoter, isSatisfied, principalsOf } from './threshold.js';
import type { EnforcementMode, PolicyLayer, PolicyRule, SignatureDemand } from './trust-policy.js';

export interface LayerInput {
  readonly request: VerifyRequest;
  readonly facts: ArtifactFacts;
  readonly candidates: readonly Candidate[];
  /** What the pre-screen refused; it decides the reason when nothing else is there. */
  readonly refused: readonly Reason[];
  /** Key ids revoked by any layer. */
  readonly revoked: ReadonlyMap<string, Revocation>;
  readonly now: number;
  /** Why signatures may be hidden from us. */
  readonly uncertain?: string | undefined;
}

/** A signature that counts. */
export interface Vote {
  readonly candidate: Candidate;
  readonly principal: string;
  readonly keyId: string;
  /** When it was there already, as a witness says. Milliseconds since the epoch. */
  readonly signedAt: number | undefined;
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
      .flatMap(({ by }) => principalsOf(by))
      .flatMap(({ name, keyIds }) => keyIds.map((id) => [id, name] as const)),
  );
  for (const candidate of input.candidates) {
    const judged = await judgeCandidate(candidate, { layer, rule, owners, place, input });
    steps.push(
      reason(judged.code, judged.detail, {
        ...at,
        ok: judged.vote !== undefined,
        candidate: candidate.digest,
      }),
    );
    if (judged.vote !== undefined) votes.push(judged.vote);
  }
  const outcome = decide(rule, votes, { input, seen: [...input.refused, ...steps], at });
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

function decide(
  rule: PolicyRule,
  votes: readonly Vote[],
  {
    input,
    seen,
    at,
  }: {
    readonly input: LayerInput;
    readonly seen: readonly Reason[];
    readonly at: { readonly layer: string };
  },
): Reason {
  const missing = rule.requires.find(
    (demand) => !isSatisfied(demand.by, signersFor(demand, votes, input.now)),
  );
  if (missing === undefined) return reason('accepted', `rule "${rule.id}"`, { ...at, ok: true });
  const signed = new Set(votes.map(({ principal }) => principal));
  if (isSatisfied(missing.by, signed)) return reason(...ageProblem(missing, votes, input.now), at);
  if (signed.size > 0)
    return reason(
      'threshold',
      `${describeVoter(missing.by)} must sign; ${[...signed].sort().join(', ')} did`,
      at,
    );
  const closest = seen.filter(({ ok }) => !ok).sort((a, b) => REASONS[b.code].rank - REASONS[a.code].rank)[0];
  if (closest !== undefined) return { ...closest, ...at };
  return input.uncertain === undefined
    ? reason('unsigned', undefined, at)
    : reason('signatures-uncertain', input.uncertain, at);
}

/** Who has signed recently enough. */
function signersFor({ maxAge }: SignatureDemand, votes: readonly Vote[], now: number): ReadonlySet<string> {
  const young = votes.filter(
    ({ signedAt }) => maxAge === undefined || (signedAt !== undefined && now - signedAt <= maxAge),
  );
  return new Set(young.map(({ principal }) => principal));
}

function ageProblem(
  { maxAge = 0 }: SignatureDemand,
  votes: readonly Vote[],
  now: number,
): [code: 'time-missing' | 'signature-too-old', detail: string] {
  const hours = (time: number) => `${Math.floor(time / 3_600_000)} hours`;
  const ages = votes.flatMap(({ signedAt }) => (signedAt === undefined ? [] : [now - signedAt]));
  return ages.length === 0
    ? ['time-missing', `it may be ${hours(maxAge)} old`]
    : ['signature-too-old', `${hours(Math.max(...ages))}, and it may be ${hours(maxAge)}`];
}

/** A rule that only warns or audits does so until its date, then enforces. */
function modeAt(rule: PolicyRule, now: number): EnforcementMode {
  return rule.until !== undefined && now >= rule.until ? 'enforce' : rule.mode;
}

function settled({ source }: PolicyLayer, verified: boolean, why: Reason): LayerOutcome {
  return { source, verified, mode: 'enforce', rule: undefined, reason: why, steps: [why], votes: [] };
}
