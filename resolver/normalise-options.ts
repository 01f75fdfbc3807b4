import { isVersion, parseRange } from '#schemas';
import type { Policy } from './encode/policy.js';
import { type PackageId, packageId } from './package-id.js';
import type { Requirement } from './requirement.js';
import {
  DEFAULT_PRERELEASE,
  DEFAULT_SIGNATURES,
  DEFAULT_STRATEGY,
  type ResolveOptions,
} from './resolve-options.js';

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
    if (isVersion(exact)) put(pinned, idOf(each), exact);
  }
  const pinnedDigests = new Map<PackageId, Set<string>>();
  for (const each of requirements) if (each.digest !== undefined) put(pinnedDigests, idOf(each), each.digest);
  const { publishedBefore, minAgeSeconds, providerSources } = options;
  return {
    requirements,
    overrides,
    constraints: byPackage(options.constraints),
    advisories: byPackage(options.advisories),
    platforms: [...new Set(options.platforms ?? [])].sort(),
    provVersion: options.provVersion,
    prerelease: options.prerelease ?? DEFAULT_PRERELEASE,
    prereleaseOf: options.prereleaseOf ?? new Map(),
    strategy: options.strategy ?? DEFAULT_STRATEGY,
    preferred: options.preferred ?? new Map(),
    locked: options.locked ?? false,
    alike: new Map(),
    chosenProviders: options.chosenProviders ?? new Map(),
    preferredProviders: options.preferredProviders ?? new Map(),
    defaultProviders: options.defaultProviders ?? new Map(),
    providerSources: providerSources === undefined ? undefined : new Set(providerSources),
    ...(publishedBefore !== undefined && { publishedBefore }),
    ...(minAgeSeconds !== undefined && { minAgeSeconds }),
    ageExempt: options.ageExempt ?? new Set(),
    signatures: options.signatures ?? DEFAULT_SIGNATURES,
    pinned,
    pinnedDigests,
    direct: new Set(requirements.map(idOf)),
  };
}

type Named = Pick<Requirement, 'registry' | 'repository' | 'alias'>;

function idOf({ registry, repository, alias }: Named): PackageId {
  return packageId(registry, repository, alias);
}

function put(into: Map<PackageId, Set<string>>, id: PackageId, value: string): void {
  into.set(id, (into.get(id) ?? new Set()).add(value));
}

/** Those of one package together, in an order that does not depend on the caller's. */
function byPackage<T extends Named & { readonly range: string }>(
  given: readonly T[] = [],
): Map<PackageId, T[]> {
  const byId = new Map<PackageId, T[]>();
  const keyOf = (each: T): string => JSON.stringify(each);
  for (const each of [...given].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))) {
    byId.set(idOf(each), [...(byId.get(idOf(each)) ?? []), { ...each, range: parseRange(each.range) }]);
  }
  return byId;
}

function byPlace(a: Requirement, b: Requirement): number {
  const keyOf = ({ origin, range, ...rest }: Requirement): string =>
    [
      idOf(rest),
      origin.layer,
      origin.file,
      String(origin.line ?? 0).padStart(9, '0'),
      range,
      rest.digest ?? '',
    ].join('\0');
  return keyOf(a) < keyOf(b) ? -1 : 1;
}
