import { isDeepStrictEqual } from 'node:util';
import { compareVersions, contentDigestOf, type Lock, type LockEdge, type LockEntry } from '#schemas';
import { compareText, entryFinder, entryKey, placesOf } from './lock-graph.js';

/** Something that both sides changed, each in its own way. */
export interface LockConflict {
  /** The extension, or the part of the lock's head. */
  readonly what: string;
  readonly ours?: string;
  readonly theirs?: string;
}

export interface MergedLock {
  /** Both sides' changes; where they disagree, the newer version, or ours. Nobody solved it: what to prefer. */
  readonly lock: Lock;
  readonly conflicts: readonly LockConflict[];
}

/**
 * Three-way merge, block by block: what one side changed is taken, what both changed alike is one change. Without
 * a base, everything that either side has is kept. Who requires what is put together anew. The result still has
 * to be held against the requirements.
 */
export function mergeLocks(base: Lock | undefined, ours: Lock, theirs: Lock): MergedLock {
  const conflicts: LockConflict[] = [];
  const sides = [base, ours, theirs].map(
    (lock) => new Map((lock?.extensions ?? []).map((entry) => [entryKey(entry), entry])),
  ) as [Map<string, LockEntry>, Map<string, LockEntry>, Map<string, LockEntry>];
  const keys = [...new Set(sides.flatMap((side) => [...side.keys()]))].sort(compareText);
  const extensions = keys.flatMap((key) => {
    const [was, own, other] = sides.map((side) => side.get(key));
    const chosen = pick(was, own, other, { sameWhen: sameContent, hasBase: base !== undefined });
    if (chosen.conflict) conflicts.push(entryConflict(own, other));
    const entry = chosen.conflict ? newer(own, other) : chosen.value;
    return entry === undefined ? [] : [entry];
  });
  const parts = <K extends 'inputs' | 'capabilities'>(name: K): Record<string, string> => {
    const all = [base, ours, theirs].map((lock) => (lock?.[name] ?? {}) as Record<string, string>);
    const names = [...new Set(all.flatMap((each) => Object.keys(each)))].sort(compareText);
    return Object.fromEntries(
      names.flatMap((each) => {
        const [was, own, other] = all.map((part) => part[each]);
        const chosen = pick(was, own, other, { hasBase: base !== undefined });
        if (chosen.conflict) conflicts.push(partConflict(`${name}: ${each}`, own, other));
        const value = chosen.conflict ? (own ?? other) : chosen.value;
        return value === undefined ? [] : [[each, value]];
      }),
    );
  };
  const policy = pick(base?.policy, ours.policy, theirs.policy, { hasBase: base !== undefined });
  if (policy.conflict)
    conflicts.push(partConflict('policy', JSON.stringify(ours.policy), JSON.stringify(theirs.policy)));
  const capabilities = parts('capabilities');
  const lock: Lock = {
    lockVersion: 1,
    inputs: parts('inputs') as Lock['inputs'],
    policy: policy.conflict ? ours.policy : policy.value!,
    ...(Object.keys(capabilities).length > 0 && { capabilities }),
    extensions,
  };
  return { lock: withRequiredBy(lock, [base, ours, theirs]), conflicts };
}

interface PickOptions<T> {
  readonly hasBase: boolean;
  readonly sameWhen?: (a: T, b: T) => boolean;
}

function pick<T>(
  was: T | undefined,
  own: T | undefined,
  other: T | undefined,
  { hasBase, sameWhen = isDeepStrictEqual }: PickOptions<T>,
): { readonly value: T | undefined; readonly conflict: boolean } {
  const same = (a: T | undefined, b: T | undefined) =>
    a === undefined || b === undefined ? a === b : sameWhen(a, b);
  if (same(own, other)) return { value: own, conflict: false };
  if (!hasBase) {
    if (own === undefined || other === undefined) return { value: own ?? other, conflict: false };
    return { value: own, conflict: true };
  }
  if (same(was, own)) return { value: other, conflict: false };
  if (same(was, other)) return { value: own, conflict: false };
  return { value: own, conflict: true };
}

/** Who requires it and to which versions its edges lead follows from the rest of the lock. */
function sameContent(a: LockEntry, b: LockEntry): boolean {
  const own = (entry: LockEntry) => ({
    ...entry,
    requiredBy: [],
    dependencies: entry.dependencies.map((edge) => ({ ...edge, version: '' })),
  });
  return isDeepStrictEqual(own(a), own(b));
}

function newer(a: LockEntry | undefined, b: LockEntry | undefined): LockEntry | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareVersions(b.version, a.version) > 0 ? b : a;
}

function entryConflict(own: LockEntry | undefined, other: LockEntry | undefined): LockConflict {
  const entry = (own ?? other)!;
  const say = (side: LockEntry | undefined) =>
    side === undefined ? 'removed' : `${side.version} ${contentDigestOf(side)}`;
  return { what: `${entry.kind} ${entry.name}`, ours: say(own), theirs: say(other) };
}

function partConflict(what: string, ours: string | undefined, theirs: string | undefined): LockConflict {
  return { what, ...(ours !== undefined && { ours }), ...(theirs !== undefined && { theirs }) };
}

/** The only version of a name that is left after the merge, for edges that named another. */
function edgeVersions(extensions: readonly LockEntry[]): (name: string, version: string) => string {
  return (name, version) => {
    const found = extensions.filter((entry) => entry.name === name || placesOf(entry).includes(name));
    return found.length === 1 ? found[0]!.version : version;
  };
}

/** Edges say which extensions require an entry; layers (`(workspace)`) are merged as a set. */
function withRequiredBy(lock: Lock, sides: readonly (Lock | undefined)[]): Lock {
  const versionOf = edgeVersions(lock.extensions);
  const find = entryFinder(lock.extensions);
  const requirers = new Map<string, Set<string>>();
  const edgesOf = new Map<LockEntry, LockEdge[]>();
  for (const entry of lock.extensions) {
    const edges = entry.dependencies.map((edge) => ({
      ...edge,
      version: versionOf(edge.name, edge.version),
    }));
    edgesOf.set(entry, edges);
    for (const target of edges.map(find)) {
      if (target === undefined) continue;
      const by = requirers.get(entryKey(target)) ?? new Set<string>();
      requirers.set(entryKey(target), by.add(entry.alias ?? entry.name));
    }
  }
  const layersOf = (side: Lock | undefined, key: string) =>
    new Set(
      side?.extensions
        .find((entry) => entryKey(entry) === key)
        ?.requiredBy.filter((by) => by.startsWith('(')) ?? [],
    );
  return {
    ...lock,
    extensions: lock.extensions.map((entry) => {
      const key = entryKey(entry);
      const [was, own, other] = sides.map((side) => layersOf(side, key));
      const layers = [...new Set([...own!, ...other!])].filter(
        (by) => !was!.has(by) || (own!.has(by) && other!.has(by)),
      );
      const by = [...layers, ...(requirers.get(key) ?? [])];
      return { ...entry, dependencies: edgesOf.get(entry)!, requiredBy: by.sort(compareText) };
    }),
  };
}
