import type { Edge } from './encode/edges.js';
import { ineligible, unusable } from './encode/eligibility.js';
import type { Encoder } from './encode/encoder.js';
import { prereleasePolicy } from './encode/policy.js';
import type { ProblemPackage } from './encode/problem.js';
import { describeCause } from './proof/describe-cause.js';
import { place } from './proof/describe-fact.js';
import type { Proof } from './proof/proof.js';
import type { Selection } from './session.js';
import type { HeldBack, HeldBackReason } from './solution.js';
import { hasVersion } from './solver/version-set.js';

/** Who asks for a package: a selected version and its edge. */
export interface Asker {
  readonly pkg: ProblemPackage;
  readonly version: number;
  readonly edge: Edge;
}

export interface HeldBackInputs {
  readonly encoder: Encoder;
  readonly rootFacts: readonly number[];
  readonly selection: Selection;
  /** By index of the package that they ask for. */
  readonly askers: ReadonlyMap<number, readonly Asker[]>;
  readonly proofs: ReadonlyMap<ProblemPackage, Proof>;
}

/** The entry of a package that is not at its newest version, or undefined when it is. */
export function heldBack(pkg: ProblemPackage, inputs: HeldBackInputs): HeldBack | undefined {
  const { encoder, selection, proofs } = inputs;
  const { policy } = encoder;
  const version = selection.get(pkg.index)!;
  const newest = newestOf(pkg, prereleasePolicy(policy, pkg.id!) === 'allow');
  if (newest <= version) return undefined;
  const proof = proofs.get(pkg);
  return {
    id: pkg.id!,
    name: pkg.name,
    version: pkg.versions[version]!,
    newest: pkg.versions[newest]!,
    direct: policy.direct.has(pkg.id!),
    reasons: reasonsOf(pkg, newest, inputs),
    ...(proof !== undefined && { proof }),
  };
}

/** The newest release; the newest version where pre-releases are as good, or where there are only those. */
function newestOf({ list, versions }: ProblemPackage, prereleases: boolean): number {
  const last = versions.length - 1;
  if (prereleases) return last;
  const releases = [...versions.keys()].filter((v) => !list.isPrerelease(v));
  return releases.at(-1) ?? last;
}

function reasonsOf(
  pkg: ProblemPackage,
  newest: number,
  { encoder, rootFacts, selection, askers }: HeldBackInputs,
): HeldBack['reasons'] {
  const { policy, problem } = encoder;
  const reasons = new Map<string, HeldBackReason>();
  const wanted = `${pkg.name} ${pkg.versions[newest]}`;
  const facts = pkg.facts[newest];
  const { start, termPackage, termSet, sets } = problem.universe.facts;
  for (const fact of [...rootFacts, ...(problem.universe.standing[pkg.index] ?? [])]) {
    const at = start[fact]!;
    if (start[fact + 1]! - at !== 1 || termPackage[at] !== pkg.index) continue;
    if (!hasVersion(sets, termSet[at]!, newest)) continue;
    const cause = problem.causes.get(fact)!;
    if (cause.type === 'requirement') reasons.set(`${place(cause.origin)} asks for ${cause.range}`, 'range');
    else reasons.set(`${wanted} ${describeCause(cause)}`, 'cause');
  }
  if (facts !== undefined) {
    for (const cause of [...ineligible(pkg.id!, facts, policy), ...unusable(facts.deps, policy)])
      reasons.set(`${wanted} ${describeCause(cause)}`, 'cause');
  }
  for (const { pkg: asker, version, edge } of askers.get(pkg.index) ?? []) {
    if (hasVersion(encoder.accepted(pkg, edge.range, edge.written.kind), 0, newest)) continue;
    reasons.set(`${asker.name} ${asker.versions[version]} asks for ${edge.range}`, 'range');
  }
  if (reasons.size > 0) return [...reasons].map(([text, type]) => ({ type, text }));
  if (policy.preferred.get(pkg.id!) === pkg.versions[selection.get(pkg.index)!])
    return [{ type: 'lock', text: 'it is locked' }];
  if (policy.strategy !== 'latest') return [{ type: 'strategy', text: `the strategy is ${policy.strategy}` }];
  return [{ type: 'search', text: `${wanted} does not go together with what else is selected` }];
}
