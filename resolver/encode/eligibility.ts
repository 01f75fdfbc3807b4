import semver from 'semver';
import type { VersionFacts } from '../metadata/metadata-source.js';
import type { PackageId } from '../package-id.js';
import type { Cause } from '../proof/cause.js';
import { normalRange } from '../ranges/normal-range.js';
import type { Policy } from './policy.js';

/** Every reason why a version may not be selected, whatever else is. */
export function ineligible(id: PackageId, facts: VersionFacts, policy: Policy): Cause[] {
  const causes: Cause[] = [];
  const { version, deps, reason } = facts;
  const named = policy.pinned.get(id)?.has(version) === true;
  if (facts.state === 'revoked') causes.push({ type: 'revoked', ...(reason !== undefined && { reason }) });
  const kept = named || policy.preferred.get(id) === version;
  if (facts.state === 'yanked' && !kept)
    causes.push({ type: 'yanked', ...(reason !== undefined && { reason }) });
  if (facts.refused !== undefined) causes.push({ type: 'refused', reason: facts.refused });
  if (policy.prerelease === 'never' && !named && semver.prerelease(version) !== null) {
    causes.push({ type: 'prerelease' });
  }
  for (const platform of policy.platforms) {
    if (!supports(deps.platforms, platform)) causes.push({ type: 'platform', platform });
  }
  const { publishedBefore } = policy;
  if (publishedBefore !== undefined && !isBefore(facts.publishedAt, publishedBefore)) {
    causes.push({ type: 'too-new', publishedBefore });
  }
  const needs = deps.compatibility?.provisioning;
  if (needs !== undefined && !acceptsProv(needs, policy.provVersion)) {
    causes.push({ type: 'compatibility', needs, provVersion: policy.provVersion });
  }
  const broken = malformedRange(facts);
  if (broken !== undefined) causes.push({ type: 'malformed', reason: `"${broken}" is not a version range` });
  return causes;
}

/** Whether a list of platforms (absent: any) covers a target; `linux/arm64` covers `linux/arm64/v8`. */
export function supports(platforms: readonly string[] | undefined, target: string): boolean {
  return (
    platforms === undefined || platforms.some((each) => each === target || target.startsWith(`${each}/`))
  );
}

function isBefore(publishedAt: string | undefined, limit: string): boolean {
  return publishedAt !== undefined && Date.parse(publishedAt) <= Date.parse(limit);
}

function acceptsProv(needs: string, provVersion: string): boolean {
  const range = normalRange(needs);
  return range !== undefined && semver.satisfies(provVersion, range, { includePrerelease: true });
}

function malformedRange({ deps }: VersionFacts): string | undefined {
  for (const written of [deps.dependencies, deps.optional_dependencies]) {
    for (const name in written)
      if (normalRange(written[name]!.version) === undefined) return written[name]!.version;
  }
  return Object.values(deps.conflicts ?? {}).find((range) => normalRange(range) === undefined);
}
