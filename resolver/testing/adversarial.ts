import type { IntegerGraph } from './integer-graph.js';

/** A graph made to be hard, and whether its root `root` at version 0 can be had. */
export interface AdversarialCase {
  readonly name: string;
  readonly graph: IntegerGraph;
  readonly solvable: boolean;
}

type Wanted = Record<string, [number, number | null][]>;
type Versions = Record<string, Wanted>;

const any: [number, number | null][] = [[0, null]];
const exactly = (version: number): [number, number | null][] => [[version, version + 1]];

function versions(count: number, wanted: (version: number) => Wanted): Versions {
  return Object.fromEntries(Array.from({ length: count }, (_, v) => [String(v), wanted(v)]));
}

function rootOf(wanted: Wanted): Versions {
  return { '0': wanted };
}

/** 500 versions that all need a package that does not exist. @see pubgrub-rs issue 135 */
function missing(): IntegerGraph {
  return { root: rootOf({ many: any }), many: versions(500, () => ({ gone: any })) };
}

/** 500 versions that each need some later version than there is. */
function higherThan(): IntegerGraph {
  return {
    root: rootOf({ many: any }),
    many: versions(500, (v) => ({ low: [[v + 1, null]] })),
    low: versions(1, () => ({})),
  };
}

/** Two packages of 500 versions that pin disjoint halves of a third. */
function disjointPins(): IntegerGraph {
  return {
    root: rootOf({ left: any, right: any }),
    left: versions(500, (v) => ({ pinned: exactly(v) })),
    right: versions(500, (v) => ({ pinned: exactly(500 + v) })),
    pinned: versions(1000, () => ({})),
  };
}

/** A long chain of free choices, then a chain without one, to a version that the root excludes. */
function deepTraps(depth = 200, width = 100): IntegerGraph {
  const graph: IntegerGraph = { root: rootOf({ trap0: any, limited: exactly(1) }) };
  for (let d = 0; d < depth; d++) {
    graph[`trap${d}`] = versions(width, () => ({ [d + 1 < depth ? `trap${d + 1}` : 'cloak0']: any }));
  }
  for (let d = 0; d < depth; d++) {
    graph[`cloak${d}`] = versions(1, () => ({
      [d + 1 < depth ? `cloak${d + 1}` : 'limited']: d + 1 < depth ? any : exactly(2),
    }));
  }
  graph['limited'] = versions(3, () => ({}));
  return graph;
}

/** Levels of choices that each pin a shared package, of which only the oldest fits. */
function cousins(depth = 100, width = 50): IntegerGraph {
  const graph: IntegerGraph = { root: rootOf({ level0: any, shared: exactly(0) }) };
  for (let d = 0; d < depth; d++) {
    graph[`level${d}`] = versions(width, (v) => ({
      shared: exactly(v),
      ...(d + 1 < depth && { [`level${d + 1}`]: any }),
    }));
  }
  graph['shared'] = versions(width, () => ({}));
  return graph;
}

/** `holes + 1` pigeons, one a hole: no place for all, and no short proof by resolution. */
function pigeonhole(holes: number): IntegerGraph {
  const pigeons = holes + 1;
  const graph: IntegerGraph = {
    root: rootOf(Object.fromEntries(Array.from({ length: pigeons }, (_, p) => [`pigeon${p}`, any]))),
  };
  for (let p = 0; p < pigeons; p++)
    graph[`pigeon${p}`] = versions(holes, (h) => ({ [`hole${h}`]: exactly(p) }));
  for (let h = 0; h < holes; h++) graph[`hole${h}`] = versions(pigeons, () => ({}));
  return graph;
}

export const ADVERSARIAL: readonly AdversarialCase[] = [
  { name: '500 versions against a missing package', graph: missing(), solvable: false },
  { name: '500 versions against ever later ones', graph: higherThan(), solvable: false },
  { name: 'disjoint exact pins 500 x 500', graph: disjointPins(), solvable: false },
  { name: 'deep traps 200 x 100', graph: deepTraps(), solvable: false },
  { name: 'cousins 100 x 50', graph: cousins(), solvable: true },
  { name: 'pigeonhole 5', graph: pigeonhole(5), solvable: false },
  { name: 'pigeonhole 6', graph: pigeonhole(6), solvable: false },
  { name: 'pigeonhole 7', graph: pigeonhole(7), solvable: false },
];
