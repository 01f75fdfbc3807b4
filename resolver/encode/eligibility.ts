import semver from 'semver';
import type { DependencyFacts } from '#schemas';
import type { VersionFacts } from '../metadata/metadata-source.js';
import type { PackageId } from '../package-id.js';
import type { Cause } from '../proof/cause.js';
import { normalRange } from '../ranges/normal-range.js';
import type { Policy } from './policy.js';

const NONE: readonly Cause[] = [];

/** Reasons in the life of one version why it may not be selected, whatever else is. */
export function ineligible(id: PackageId, facts: VersionFacts, policy: Policy): readonly Cause[] {
  const { state, refused } = facts;
  if (state === undefined && refused === undefined && policy.publishedBefore === undefined) return NONE;
  const causes: Cause[] = [];
  const reason = facts.reason === undefined ? {} : { reason: facts.reason };
  if (state === 'revoked') causes.push({ type: 'revoked', ...reason });
  const kept = policy.preferred.get(id) === facts.version || isNamed(id, facts, policy);
  if (state === 'yanked' && !kept) causes.push({ type: 'yanked', ...reason });
  // Strict: not a fact. The version is chosen as if it were signed, and choosing it stops the resolution.
  if (refused !== undefined && policy.signatures === 'prefer')
    causes.push({ type: 'refused', reason: refused });
  const young = tooYoung(id, facts, policy);
  if (young !== undefined) causes.push(young);
  return causes;
}

/** Reasons in what a version says: it does not run here, or cannot be read. */
export function unusable(deps: DependencyFacts, policy: Policy): readonly Cause[] {
  const causes: Cause[] = [];
  if (deps.platforms !== undefined) {
    for (const platform of policy.platforms)
      if (!supports(deps.platforms, platform)) causes.push({ type: 'platform', platform });
  }
  const needs = deps.compatibility?.provisioning;
  if (needs !== undefined && !acceptsProv(needs, policy.provVersion))
    causes.push({ type: 'compatibility', needs, provVersion: policy.provVersion });
  const broken = malformedRange(deps);
  if (broken !== undefined) causes.push({ type: 'malformed', reason: `"${broken}" is not a version range` });
  return causes.length === 0 ? NONE : causes;
}

/** Whether the user asks for exactly this version, by number or by digest. */
function isNamed(id: PackageId, { version, digest }: VersionFacts, policy: Policy): boolean {
  return (
    policy.pinned.get(id)?.has(version) === true ||
    (digest !== undefined && policy.pinnedDigests.get(id)?.has(digest) === true)
  );
}

function tooYoung(id: PackageId, facts: VersionFacts, policy: Policy): Cause | undefined {
  const { publishedBefore, minAgeSeconds, ageExempt } = policy;
  if (publishedBefore === undefined || ageExempt.has(id)) return undefined;
  const { publishedAt } = facts;
  if (publishedAt === undefined || facts.publishedAtSigned !== true)
    return { type: 'age-unknown', publishedBefore };
  if (Date.parse(publishedAt) <= Date.parse(publishedBefore)) return undefined;
  return {
    type: 'too-new',
    publishedBefore,
    publishedAt,
    ...(minAgeSeconds !== undefined && { minAgeSeconds }),
  };
}

/** Whether a list of platforms (absent: any) covers a target; `linux/arm64` covers `linux/arm64/v8`. */
export function supports(platforms: readonly string[] | undefined, target: string): boolean {
  return (
    platforms === undefined || platforms.some((each) => each === target || target.startsWith(`${each}/`))
  );
}

function acceptsProv(needs: string, provVersion: string): boolean {
  const range = normalRange(needs);
  return range !== undefined && semver.satisfies(provVersion, range, { includePrerelease: true });
}

function malformedRange(deps: DependencyFacts): string | undefined {
  const { dependencies, optional_dependencies: optional, conflicts, constraints } = deps;
  for (const name in dependencies)
    if (normalRange(dependencies[name]!.version) === undefined) return dependencies[name]!.version;
  for (const name in optional)
    if (normalRange(optional[name]!.version) === undefined) return optional[name]!.version;
  for (const name in conflicts) if (normalRange(conflicts[name]!) === undefined) return conflicts[name]!;
  for (const name in constraints)
    if (normalRange(constraints[name]!) === undefined) return constraints[name]!;
  return undefined;
}
