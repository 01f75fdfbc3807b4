import type { Proof, ProofPackage } from '../proof/proof.js';
import { extractProof } from '../solver/derivation.js';
import { Solver } from '../solver/solver.js';
import { type CompiledGraph, compileGraph, type IntegerGraph, rootFact } from './integer-graph.js';

export interface RootCounts {
  solvable: number;
  unsolvable: number;
  decisions: number;
  conflicts: number;
}

export interface RootVisitor {
  readonly solved?: (root: readonly [string, number], chosen: ReadonlyMap<string, number>) => void;
  readonly failed?: (root: readonly [string, number], proof: Proof) => void;
}

/** Far above what any root of the real data needs. */
const STEPS = 1_000_000;

/** Compiles a graph and solves it once for every version of every package. */
export function solveEveryRoot(graph: IntegerGraph, visitor: RootVisitor = {}): RootCounts {
  const compiled = compileGraph(graph);
  const solver = new Solver(compiled.universe);
  const counts: RootCounts = { solvable: 0, unsolvable: 0, decisions: 0, conflicts: 0 };
  for (let pkg = 0; pkg < compiled.names.length; pkg++) {
    for (let v = 0; v < compiled.versions[pkg]!.length; v++)
      solveRoot(compiled, solver, [pkg, v], { counts, visitor });
  }
  return counts;
}

/** Solves one graph for version 0 of `root`. */
export function solveNamedRoot(graph: IntegerGraph, root: string, visitor: RootVisitor = {}): RootCounts {
  const compiled = compileGraph(graph);
  const counts: RootCounts = { solvable: 0, unsolvable: 0, decisions: 0, conflicts: 0 };
  const pkg = compiled.names.indexOf(root);
  solveRoot(compiled, new Solver(compiled.universe), [pkg, 0], { counts, visitor });
  return counts;
}

function solveRoot(
  compiled: CompiledGraph,
  solver: Solver,
  [pkg, version]: readonly [number, number],
  { counts, visitor }: { counts: RootCounts; visitor: RootVisitor },
): void {
  const { universe, names, versions } = compiled;
  const mark = universe.facts.mark();
  const root = rootFact(universe, pkg, version);
  solver.start([root], STEPS);
  const outcome = solver.run();
  counts.decisions += solver.decisionCount;
  counts.conflicts += solver.conflictCount;
  if (outcome.type === 'solved') {
    counts.solvable++;
    if (visitor.solved) {
      const chosen = solver
        .selected()
        .map((each) => [names[each.pkg]!, versions[each.pkg]![each.version]!] as const);
      visitor.solved([names[pkg]!, versions[pkg]![version]!], new Map(chosen));
    }
  } else if (outcome.type === 'unsolvable') {
    counts.unsolvable++;
    if (visitor.failed) {
      const packages = describePackages(compiled);
      const range = '';
      const factOf = (id: number, terms: Proof['facts'][number]['terms']) => ({
        terms,
        cause:
          id === root
            ? {
                type: 'requirement' as const,
                target: names[pkg]!,
                id: `graph:${names[pkg]!}` as const,
                range,
                origin: { file: 'root', layer: 'test' },
              }
            : {
                type: 'dependency' as const,
                target: names[packageOf(terms)]!,
                id: `graph:${names[packageOf(terms)]!}` as const,
                range,
                optional: false,
              },
      });
      visitor.failed(
        [names[pkg]!, versions[pkg]![version]!],
        extractProof(solver, outcome.id, { packages, factOf }),
      );
    }
  } else {
    throw new Error(`root ${names[pkg]} ${version}: ${outcome.type}`);
  }
  solver.clear();
  universe.facts.reset(mark);
}

const described = new WeakMap<CompiledGraph, ProofPackage[]>();

function describePackages(compiled: CompiledGraph): ProofPackage[] {
  const known = described.get(compiled);
  if (known !== undefined) return known;
  const packages = compiled.names.map(
    (name, i): ProofPackage => ({
      name,
      role: 'extension',
      versions: Array.from(compiled.versions[i]!, String),
    }),
  );
  described.set(compiled, packages);
  return packages;
}

function packageOf(terms: Proof['facts'][number]['terms']): number {
  return terms.at(-1)!.package;
}
