import type { IntegerGraph } from './integer-graph.js';

/** Everything that is wrong with a choice of versions for one root of a graph. */
export function checkChoice(
  graph: IntegerGraph,
  [root, version]: readonly [string, number],
  chosen: ReadonlyMap<string, number>,
): string[] {
  const wrong = chosen.get(root) === version ? [] : [`root ${root} ${version}`];
  for (const [name, at] of chosen) {
    const wanted = graph[name]?.[String(at)];
    if (wanted === undefined) wrong.push(`${name} ${at} does not exist`);
    for (const [dependency, intervals] of Object.entries(wanted ?? {})) {
      const found = chosen.get(dependency);
      const met =
        found !== undefined &&
        intervals.some(([low, high]) => found >= low && (high === null || found < high));
      if (!met) wrong.push(`${name} ${at} → ${dependency}`);
    }
  }
  return wrong;
}
