import { Universe } from '../solver/universe.js';

/** `{package: {version: {dependency: [[low, high], …]}}}`: half-open intervals, `high` null for no bound. */
export type IntegerGraph = Record<string, Record<string, Record<string, [number, number | null][]>>>;

export interface CompiledGraph {
  readonly universe: Universe;
  readonly names: readonly string[];
  /** Ascending version numbers of each package. */
  readonly versions: readonly Int32Array[];
}

interface Group {
  readonly dependency: number;
  readonly intervals: [number, number | null][];
  readonly versions: number[];
  readonly next: Group | undefined;
  fact: number;
}

/** The universe of a whole graph: per package, versions with the same dependency share one fact. */
export function compileGraph(graph: IntegerGraph): CompiledGraph {
  const universe = new Universe();
  const names = Object.keys(graph);
  const ids = new Map(names.map((name, id) => [name, id]));
  const versions = names.map((name) => Int32Array.from(Object.keys(graph[name]!), Number).sort());
  for (const list of versions) universe.addPackage(list.length);
  const missing = (name: string): number => {
    const id = universe.addPackage(0);
    names.push(name);
    versions.push(new Int32Array(0));
    ids.set(name, id);
    return id;
  };
  for (let pkg = 0, count = names.length; pkg < count; pkg++) {
    const known = graph[names[pkg]!]!;
    const groups: Group[] = [];
    const byDependency = new Map<string, Group>();
    const triggers: Group[][] = [];
    for (let v = 0; v < versions[pkg]!.length; v++) {
      const wanted = known[versions[pkg]![v]!]!;
      const mine: Group[] = [];
      for (const name in wanted) {
        const intervals = wanted[name]!;
        const head = byDependency.get(name);
        let group = head;
        while (group !== undefined && !isSame(group.intervals, intervals)) group = group.next;
        if (group === undefined) {
          const dependency = ids.get(name) ?? missing(name);
          group = { dependency, intervals, versions: [], next: head, fact: -1 };
          byDependency.set(name, group);
          groups.push(group);
        }
        group.versions.push(v);
        mine.push(group);
      }
      triggers.push(mine);
    }
    for (const group of groups) group.fact = addGroup(universe, pkg, group, versions[group.dependency]!);
    for (let v = 0; v < triggers.length; v++) {
      universe.setTriggers(
        pkg,
        v,
        triggers[v]!.map((group) => group.fact).filter((fact) => fact >= 0),
      );
    }
  }
  return { universe, names, versions };
}

function addGroup(universe: Universe, pkg: number, group: Group, known: Int32Array): number {
  const { facts } = universe;
  const own = facts.allocate(universe.words.data[pkg]!);
  for (const version of group.versions) {
    facts.sets[own + ((version + 1) >>> 5)]! |= 1 << ((version + 1) & 31);
  }
  const { dependency } = group;
  const words = universe.words.data[dependency]!;
  const base = universe.base.data[dependency]!;
  const other = facts.allocate(words);
  for (let k = 0; k < words; k++) facts.sets[other + k] = universe.full.data[base + k]!;
  let met = false;
  for (const [low, high] of group.intervals) {
    for (let v = lowerBound(known, low); v < known.length && (high === null || known[v]! < high); v++) {
      facts.sets[other + ((v + 1) >>> 5)]! &= ~(1 << ((v + 1) & 31));
      met = true;
    }
  }
  if (dependency === pkg) {
    let any = 0;
    for (let k = 0; k < words; k++) any |= facts.sets[own + k]! &= facts.sets[other + k]!;
    if (any === 0) return -1;
    facts.addTerm(pkg, own);
  } else {
    facts.addTerm(pkg, own);
    if (met) facts.addTerm(dependency, other);
  }
  return facts.close();
}

function lowerBound(sorted: Int32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isSame(a: [number, number | null][], b: [number, number | null][]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i]![0] !== b[i]![0] || a[i]![1] !== b[i]![1]) return false;
  return true;
}

/** The fact "this package at this version is wanted", to start a solve with; forget it with the solve. */
export function rootFact(universe: Universe, pkg: number, version: number): number {
  const { facts, base, words, full } = universe;
  const set = facts.allocate(words.data[pkg]!);
  for (let k = 0; k < words.data[pkg]!; k++) facts.sets[set + k] = full.data[base.data[pkg]! + k]!;
  facts.sets[set + ((version + 1) >>> 5)]! &= ~(1 << ((version + 1) & 31));
  facts.addTerm(pkg, set);
  return facts.close();
}
