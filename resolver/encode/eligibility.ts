import semver from 'semver';
import type { VersionFacts } from '../metadata/metadata-source.js';
import type { PackageId } from '../package-id.js';
import type { Cause } from '../proof/cause.js';
import { normalRange } from '../ranges/normal-range.js';
import type { Policy } from './policy.js';

const NONE: readonly Cause[] = [];

/** Every reason in a version's own metadata why it may not be selected, whatever else is. */
export function ineligible(id: PackageId, facts: VersionFacts, policy: Policy): readonly Cause[] {
  let causes: Cause[] | undefined;
  const add = (cause: Cause): void => {
    causes ??= [];
    causes.push(cause);
  };
  const { version, deps, state, refused } = facts;
  if (state === 'yanked' || state === 'revoked') {
    const reason = facts.reason === undefined ? {} : { reason: facts.reason };
    if (state === 'revoked') add({ type: 'revoked', ...reason });
    else if (!isNamed(id, facts, policy) && policy.preferred.get(id) !== version)
      add({ type: 'yanked', ...reason });
  }
  // Strict: not a fact. The version is chosen as if it were signed, and choosing it stops the resolution.
  if (refused !== undefined && policy.signatures === 'prefer') add({ type: 'refused', reason: refused });
  if (deps.platforms !== undefined) {
    for (const platform of policy.platforms) {
      if (!supports(deps.platforms, platform)) add({ type: 'platform', platform });
    }
  }
  const young = tooYoung(id, facts, policy);
  if (young !== undefined) add(young);
  const needs = deps.compatibility?.provisioning;
  if (needs !== undefined && !acceptsProv(needs, policy.provVersion)) {
    add({ type: 'compatibility', needs, provVersion: policy.provVersion });
  }
  const broken = malformedRange(facts);
  if (broken !== undefined) add({ type: 'malformed', reason: `"${broken}" is not a version range` });
  return causes ?? NONE;
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

function malformedRange({ deps }: VersionFacts): string | undefined {
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
