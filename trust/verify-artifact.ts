import type { Digest } from '#base';
import {
  type ArtifactBytes,
  type ArtifactFacts,
  establishFacts,
  type VerifyRequest,
} from './artifact-facts.js';
import { type Candidate, readCandidates } from './candidates.js';
import { findDenial, revokedKeys } from './deny-list.js';
import { evaluateLayer, type LayerOutcome, type Vote } from './evaluate-layer.js';
import { policyLimits } from './policy-limits.js';
import { type Reason, reason } from './reason.js';
import { type Continuity, type PreviousSigner, withContinuity } from './signer-continuity.js';
import type { LegacySignature } from './simple-signing.js';
import { describeDemands } from './threshold.js';
import type { EnforcementMode, PolicyLayer, TrustPolicy } from './trust-policy.js';
import type { SignerInfo, Verdict } from './verdict.js';

export interface VerifyInput extends ArtifactBytes {
  readonly request: VerifyRequest;
  /** Blobs of referrers whose artifact type is that of a bundle, empty or missing. */
  readonly bundles: readonly Uint8Array[];
  /** Layers of the `.sig` manifest. */
  readonly legacy?: readonly LegacySignature[] | undefined;
  /** Why not all signatures may have been found; the verdict then does not call the artifact unsigned. */
  readonly uncertain?: string | undefined;
  /** Who signed what was used before, for rules that ask for the same signer. */
  readonly previous?: PreviousSigner | undefined;
  readonly policy: TrustPolicy;
  /** Milliseconds since the epoch; the machine's clock when absent. */
  readonly now?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const STRICTNESS: readonly EnforcementMode[] = ['audit', 'warn', 'enforce'];

/**
 * Decides whether an artifact may be used. Fails closed: whatever is not proven is a refusal, and what is
 * wrong with the bytes or on a deny list is refused in every mode. Never throws for what the input holds,
 * opens no socket and writes nothing.
 *
 * @example
 * const verdict = await verifyArtifact({ request, manifest, config, bundles, policy });
 * assertTrusted(verdict);
 */
export async function verifyArtifact(input: VerifyInput): Promise<Verdict> {
  const { request, policy, now = Date.now() } = input;
  const established = establishFacts(request, input);
  if (!established.ok)
    return refused({ request, digest: input.manifest.descriptor.digest }, established.reason);
  const { facts } = established;
  const { usable, refused: screened } = readCandidates(
    facts.subject,
    input.bundles,
    input.legacy ?? [],
    policyLimits(policy),
  );
  return decideAbout({
    request,
    policy,
    facts,
    now,
    candidates: usable,
    refused: screened,
    uncertain: input.uncertain,
    previous: input.previous,
    digest: input.manifest.descriptor.digest,
    signal: input.signal,
  });
}

export interface DecisionInput {
  readonly request: VerifyRequest;
  readonly policy: TrustPolicy;
  readonly facts: ArtifactFacts;
  readonly candidates: readonly Candidate[];
  /** What the pre-screen refused. */
  readonly refused: readonly Reason[];
  readonly now: number;
  readonly uncertain?: string | undefined;
  readonly previous?: PreviousSigner | undefined;
  /** By which the artifact is known. */
  readonly digest: Digest;
  readonly signal?: AbortSignal | undefined;
}

/** What a policy says of an artifact whose bytes are right and of the signatures that are about it. */
export async function decideAbout(input: DecisionInput): Promise<Verdict> {
  const { request, policy, facts, now, refused: screened, candidates } = input;
  const denied = findDenial(policy, request, facts, now);
  if (denied !== undefined)
    return refused(input, reason('denied', denied.denial.reason, { layer: denied.layer.source }));
  const revoked = revokedKeys(policy, now);
  const outcomes: LayerOutcome[] = [];
  for (const layer of grounded(policy.layers)) {
    input.signal?.throwIfAborted();
    const asked = { request, facts, candidates, refused: screened, revoked, now, uncertain: input.uncertain };
    outcomes.push(await evaluateLayer(layer, asked));
  }
  return combine(input, withContinuity(outcomes, input.previous), screened);
}

/** Layers that only inherit accept nothing by themselves: the outermost then denies what it has no rule for. */
function grounded(layers: readonly PolicyLayer[]): readonly PolicyLayer[] {
  if (layers.some(({ fallback }) => fallback === 'deny')) return layers;
  return layers.map((layer, i) => (i === 0 ? { ...layer, fallback: 'deny' as const } : layer));
}

function combine(
  input: DecisionInput,
  { outcomes, warnings }: Continuity,
  screened: readonly Reason[],
): Verdict {
  const first = outcomes[0];
  if (first === undefined) return refused(input, reason('no-rule'));
  const failed = outcomes
    .filter(({ verified }) => !verified)
    .sort((a, b) => STRICTNESS.indexOf(b.mode) - STRICTNESS.indexOf(a.mode));
  const decisive = failed[0] ?? outcomes.find(({ votes }) => votes.length > 0) ?? first;
  const votes = outcomes.flatMap((outcome) => (outcome.verified ? outcome.votes : []));
  const signers = signersOf(votes);
  const verified = failed.length === 0;
  return {
    ok: failed.every(({ mode }) => mode !== 'enforce'),
    verified,
    mode: STRICTNESS[Math.max(...outcomes.map(({ mode }) => STRICTNESS.indexOf(mode)))]!,
    artifact: artifactText(input),
    reason: verified ? 'accepted' : decisive.reason.code,
    explanation: decisive.reason.text,
    ...(decisive.rule === undefined ? {} : { rule: decisive.rule.id }),
    ...(signers[0] === undefined ? {} : { signer: signers[0] }),
    signers,
    ...publicationOf(votes),
    bundleDigests: digestsOf(votes, 'bundle'),
    legacyDigests: digestsOf(votes, 'legacy'),
    reasons: [...screened, ...outcomes.flatMap(({ steps }) => steps)],
    warnings,
    layers: outcomes.map(({ source, verified: accepted, mode, rule }) => ({
      source,
      verified: accepted,
      mode,
      ...(rule === undefined
        ? {}
        : { rule: rule.id, about: rule.pattern.text, requires: describeDemands(rule) }),
    })),
  };
}

type Named = Pick<DecisionInput, 'request' | 'digest'>;

function refused(input: Named, why: Reason): Verdict {
  return {
    ok: false,
    verified: false,
    mode: 'enforce',
    artifact: artifactText(input),
    reason: why.code,
    explanation: why.text,
    signers: [],
    bundleDigests: [],
    legacyDigests: [],
    reasons: [why],
    warnings: [],
    layers: [],
  };
}

function signersOf(votes: readonly Vote[]): SignerInfo[] {
  const found = new Map(
    votes.map(({ principal, keyId }) => [`${principal} ${keyId}`, { identity: principal, keyId }]),
  );
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, signer]) => signer);
}

function publicationOf(votes: readonly Vote[]): { publishedAt?: string } {
  const times = votes.flatMap(({ candidate }) => candidate.claims?.publishedAt ?? []);
  const [first] = times.sort((a, b) => Date.parse(a) - Date.parse(b));
  return first === undefined ? {} : { publishedAt: new Date(first).toISOString() };
}

function digestsOf(votes: readonly Vote[], form: 'bundle' | 'legacy'): Digest[] {
  return [
    ...new Set(
      votes.filter(({ candidate }) => candidate.form === form).map(({ candidate }) => candidate.digest),
    ),
  ].sort();
}

function artifactText({ request, digest }: Named): string {
  const version = request.version === undefined ? '' : `:${request.version}`;
  return `${request.registry === undefined ? '' : `${request.registry}/`}${request.repository}${version}@${digest}`;
}
