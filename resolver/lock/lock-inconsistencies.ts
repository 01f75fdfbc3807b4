import { isRange, type Lock, type LockEdge, type LockEntry, rangeCovers, satisfies } from '#schemas';
import { type PackageId, packageId, splitPackageId } from '../package-id.js';
import { compareText, entryFinder } from './lock-graph.js';

export interface InconsistencyOptions {
  /** Whether an override decides what serves an edge: the range that is asked for says nothing then. */
  readonly isOverridden?: (target: LockEntry, edge: LockEdge) => boolean;
}

/**
 * Everything in which a lock contradicts itself, as no resolution ever writes it; empty for every lock that prov
 * wrote. Looks at nothing but the lock: an edit that keeps its form is found here, not by a digest.
 */
export function lockInconsistencies(lock: Lock, { isOverridden }: InconsistencyOptions = {}): string[] {
  const find = entryFinder(lock.extensions);
  const accepts = rangeTest(lock.policy.prerelease);
  const requirers = new Map<LockEntry, Set<string>>();
  const out = [...twofold(lock), ...strayProviders(lock)];
  for (const entry of lock.extensions) {
    const by = label(entry);
    for (const edge of entry.dependencies) {
      const target = find(edge);
      const asks = () => `${by} asks for ${edge.capability ?? edge.name} ${edge.range}`;
      if (target === undefined) {
        out.push(`${asks()}; the lock does not hold ${edge.name} ${edge.version}`);
        continue;
      }
      const known = requirers.get(target);
      if (known === undefined) requirers.set(target, new Set([by]));
      else known.add(by);
      const served = edge.capability === undefined ? edge.version : target.provides?.[edge.capability];
      if (served === undefined) out.push(`${asks()}; ${edge.name} ${edge.version} does not provide it`);
      else if (!accepts(edge, served) && isOverridden?.(target, edge) !== true)
        out.push(`${asks()}; the lock holds ${served}`);
    }
  }
  for (const entry of lock.extensions) {
    const named = new Set(entry.requiredBy.filter((by) => !by.startsWith('(')));
    const actual = requirers.get(entry) ?? new Set();
    if (named.size === actual.size && [...named].every((by) => actual.has(by))) continue;
    const said = [...named].sort(compareText).join(', ') || 'nothing';
    const edges = [...actual].sort(compareText).join(', ') || 'nothing';
    out.push(`${label(entry)} is said to be required by ${said}; the edges say ${edges}`);
  }
  return out;
}

function label({ alias, name }: LockEntry): string {
  return alias ?? name;
}

/** Whether an edge accepts a version; the same question comes often, and is expensive. */
function rangeTest(prerelease: Lock['policy']['prerelease']): (edge: LockEdge, version: string) => boolean {
  const known = new Map<string, boolean>();
  const all = prerelease === 'allow' || prerelease === 'if-only';
  return ({ range, capability }, version) => {
    const key = `${capability === undefined} ${version} ${range}`;
    let answer = known.get(key);
    if (answer === undefined) {
      answer =
        isRange(range) &&
        (all && capability === undefined ? rangeCovers(range, version) : satisfies(version, range));
      known.set(key, answer);
    }
    return answer;
  };
}

/** One extension twice, where no platform tells the two apart. */
function twofold({ extensions }: Lock): string[] {
  const byId = new Map<string, LockEntry[]>();
  for (const entry of extensions) {
    const { source } = entry;
    const place = 'repository' in source ? `${source.registry}:${source.repository}` : source.path;
    const id = `${place}#${entry.alias ?? ''}`;
    const known = byId.get(id);
    if (known === undefined) byId.set(id, [entry]);
    else known.push(entry);
  }
  return [...byId.values()].flatMap((entries) => {
    const platforms = entries.flatMap((entry) => entry.platforms ?? []);
    const apart = entries.every((entry) => entry.platforms !== undefined);
    if (entries.length < 2 || (apart && new Set(platforms).size === platforms.length)) return [];
    return [`${label(entries[0]!)} is locked ${entries.length} times`];
  });
}

/** Chosen providers that are not there, or do not provide what they were chosen for. */
function strayProviders({ capabilities = {}, extensions }: Lock): string[] {
  return Object.entries(capabilities).flatMap(([capability, id]) => {
    const serves = extensions.some(
      ({ source, name, alias, provides }) =>
        provides?.[capability] !== undefined &&
        ('repository' in source
          ? packageId(source.registry, source.repository, alias) === id
          : splitPackageId(id as PackageId).name === name),
    );
    return serves ? [] : [`${id} is said to provide ${capability}; the lock holds nothing of it that does`];
  });
}
