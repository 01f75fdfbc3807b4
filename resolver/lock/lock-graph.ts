import { ProvError } from '#base';
import { isLocalEntry, isRemoteEntry, type Lock, type LockEdge, type LockEntry } from '#schemas';
import { packageId } from '../package-id.js';

/** The entries of a lock with their edges resolved to entries. */
export interface LockGraph {
  readonly entries: readonly LockEntry[];
  dependencies(entry: LockEntry): readonly LockEntry[];
}

/**
 * Entries sorted by kind, name and version, each edge leading to the entry that serves it.
 * @throws RESOLVER_EDGE_DANGLING when the lock does not hold what an edge names.
 */
export function lockGraph(lock: Lock): LockGraph {
  const entries = [...lock.extensions].sort((a, b) => compareText(entryKey(a), entryKey(b)));
  const find = entryFinder(entries);
  const target = (entry: LockEntry, edge: LockEdge): LockEntry => {
    const found = find(edge);
    if (found) return found;
    const { name, version } = entry;
    throw new ProvError('RESOLVER_EDGE_DANGLING', {
      name,
      version,
      dependency: edge.name,
      wanted: edge.version,
    });
  };
  const edges = new Map(
    entries.map((entry) => [
      entry,
      entry.dependencies
        .map((edge) => target(entry, edge))
        .sort((a, b) => compareText(entryKey(a), entryKey(b))),
    ]),
  );
  return { entries, dependencies: (entry) => edges.get(entry) ?? [] };
}

/**
 * Finds the entry that serves an edge: by its name, its repository, or its id where two registries have the same
 * repository; an edge that fits more than one is served by none. An alias is a root of its own: no edge leads to it
 * unless nothing else fits.
 */
export function entryFinder(
  entries: readonly LockEntry[],
): (edge: Pick<LockEdge, 'name' | 'version'>) => LockEntry | undefined {
  const byName = new Map<string, LockEntry[]>();
  for (const entry of entries) {
    for (const name of new Set([entry.name, ...placesOf(entry)])) {
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [entry]);
      else known.push(entry);
    }
  }
  return ({ name, version }) => {
    const named = byName.get(name) ?? byName.get(bareName(name))?.filter(isLocalEntry);
    const fitting = named?.filter((candidate) => candidate.version === version) ?? [];
    const own = fitting.filter(({ alias }) => alias === undefined);
    return own.length > 1 ? undefined : (own[0] ?? fitting[0]);
  };
}

/** What an edge may call an entry besides its name. */
export function placesOf(entry: LockEntry): readonly string[] {
  if (!isRemoteEntry(entry)) return [];
  const { registry, repository } = entry.source;
  return [repository, packageId(registry, repository)];
}

/** The name at the end of what an edge calls an entry. */
export function bareName(name: string): string {
  return name.replace(/^.*[/:]/, '');
}

export function entryKey(entry: LockEntry): string {
  const source =
    'repository' in entry.source ? `${entry.source.registry}:${entry.source.repository}` : entry.source.path;
  const platforms = entry.platforms === undefined ? '' : `/${entry.platforms.join()}`;
  return `${entry.kind}/${entry.alias ?? entry.name}/${source}${platforms}`;
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
