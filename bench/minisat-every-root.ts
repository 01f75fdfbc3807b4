import Logic from 'logic-solver';
import type { IntegerGraph } from '../resolver/testing/integer-graph.js';

/** How many roots of a graph MiniSat finds a solution for: one variable a version, one assumption a root. */
export function minisatEveryRoot(graph: IntegerGraph): number {
  const solver = new Logic.Solver();
  const roots: string[] = [];
  for (const [name, versions] of Object.entries(graph)) {
    const own = Object.keys(versions).map((version) => `${name}@${version}`);
    roots.push(...own);
    solver.require(Logic.atMostOne(...own));
    for (const [version, dependencies] of Object.entries(versions)) {
      for (const [target, intervals] of Object.entries(dependencies)) {
        const fitting = Object.keys(graph[target] ?? {}).filter((each) =>
          intervals.some(([low, high]) => Number(each) >= low && (high === null || Number(each) < high)),
        );
        solver.require(Logic.or(`-${name}@${version}`, ...fitting.map((each) => `${target}@${each}`)));
      }
    }
  }
  return roots.filter((root) => solver.solveAssuming(root) !== null).length;
}
