import type { Proof, ProofTerm } from './proof/proof.js';
import type { Solution } from './solution.js';

/**
 * Why a solution may not be used while signatures are strict: a version in it is refused, and nothing takes
 * its place. Undefined when nothing in it is refused. `fallback` is the solution without refused versions.
 */
export function refusalProof(solution: Solution, fallback: Solution | undefined): Proof | undefined {
  const refused = solution.packages.filter(({ facts }) => facts.refused !== undefined);
  const first = refused[0];
  if (first === undefined) return undefined;
  const instead = fallback?.packages.find(({ id }) => id === first.id);
  const selected: ProofTerm = { package: 0, versions: [0], absent: false };
  return {
    packages: [
      { name: first.alias ?? first.name, versions: [first.version], role: 'extension', id: first.id },
    ],
    facts: [
      { terms: [selected], cause: { type: 'refused', reason: first.facts.refused! } },
      {
        terms: [{ package: 0, versions: [], absent: true }],
        cause: {
          type: 'no-fallback',
          version: first.version,
          path: pathTo(solution, first.id),
          also: refused
            .slice(1)
            .map(({ name, version, facts }) => ({ name, version, reason: facts.refused! })),
          ...(fallback !== undefined && {
            alternative: { name: first.name, ...(instead !== undefined && { version: instead.version }) },
          }),
        },
      },
    ],
    steps: [{ left: 0, right: 1, pivot: 0, terms: [] }],
  };
}

/** From a requirement of the user to a package, by name, on a shortest way. */
function pathTo({ packages }: Solution, goal: string): string[] {
  const byId = new Map(packages.map((each) => [each.id as string, each]));
  const ways = packages.filter(({ direct }) => direct).map(({ id }) => [id as string]);
  const seen = new Set(ways.map(([id]) => id));
  for (const way of ways) {
    const id = way.at(-1)!;
    if (id === goal) return way.map((each) => byId.get(each)!.name);
    for (const { id: next } of byId.get(id)!.dependencies) {
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return [byId.get(goal)!.name];
}
