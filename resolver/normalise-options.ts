import { isVersion, parseRange } from '#schemas';
import type { Policy } from './encode/policy.js';
import { type PackageId, packageId } from './package-id.js';
import type { Requirement } from './requirement.js';
import { DEFAULT_PRERELEASE, DEFAULT_STRATEGY, type ResolveOptions } from './resolve-options.js';

/**
 * What the caller asked for, in an order of its own and with defaults filled in.
 * @throws SCHEMAS_RANGE_INVALID
 */
export function normaliseOptions(options: ResolveOptions): Policy {
  const requirements = [...options.requirements].sort(byPlace);
  const overrides = new Map((options.overrides ?? []).map((each) => [idOf(each), each]));
  const pinned = new Map<PackageId, Set<string>>();
  for (const each of [...requirements, ...overrides.values()]) {
    const exact = parseRange(each.range).replace(/^=\s*/, '');
    if (!isVersion(exact)) continue;
    pinned.set(idOf(each), (pinned.get(idOf(each)) ?? new Set()).add(exact));
  }
  return {
    requirements,
    overrides,
    platforms: [...new Set(options.platforms ?? [])].sort(),
    provVersion: options.provVersion,
    prerelease: options.prerelease ?? DEFAULT_PRERELEASE,
    strategy: options.strategy ?? DEFAULT_STRATEGY,
    preferred: options.preferred ?? new Map(),
    preferredProviders: options.preferredProviders ?? new Map(),
    ...(options.publishedBefore !== undefined && { publishedBefore: options.publishedBefore }),
    pinned,
    direct: new Set(requirements.map(idOf)),
  };
}

function idOf({ registry, repository }: Pick<Requirement, 'registry' | 'repository'>): PackageId {
  return packageId(registry, repository);
}

function byPlace(a: Requirement, b: Requirement): number {
  const keyOf = ({ origin, range, ...rest }: Requirement): string =>
    [idOf(rest), origin.layer, origin.file, String(origin.line ?? 0).padStart(9, '0'), range].join('\0');
  return keyOf(a) < keyOf(b) ? -1 : 1;
}
