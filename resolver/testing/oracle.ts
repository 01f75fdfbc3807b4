import semver from 'semver';
import type { Proof, ProofFact, ProofTerm } from '../proof/proof.js';
import type { Solution } from '../solution.js';
import type { ShortFacts, ShortUniverse } from './memory-source.js';

/** What the solver must agree with, written from the meaning of the metadata and sharing no code with it. */
export interface World {
  readonly universe: ShortUniverse;
  readonly roots: Readonly<Record<string, string>>;
  readonly platforms: readonly string[];
  readonly provVersion: string;
}

export function isEligible(
  name: string,
  version: string,
  { universe, roots, platforms, provVersion }: World,
): boolean {
  const { state, platforms: supported, needs } = universe[name]![version]!;
  if (state === 'revoked' || (state === 'yanked' && roots[name] !== version)) return false;
  if (supported !== undefined && platforms.some((each) => !supported.includes(each))) return false;
  return needs === undefined || semver.satisfies(provVersion, needs);
}

/** Every (package, version) that meets a dependency by that name. */
export function meets(name: string, range: string, { universe }: World): [string, string][] {
  if (universe[name] !== undefined) {
    return Object.keys(universe[name]).flatMap((v): [string, string][] =>
      semver.satisfies(v, range) ? [[name, v]] : [],
    );
  }
  return everyVersion(universe).flatMap(([pkg, version, { provides }]): [string, string][] => {
    const offered = provides?.[name]?.replace('!', '');
    return offered !== undefined && semver.satisfies(offered, range) ? [[pkg, version]] : [];
  });
}

export function everyVersion(universe: ShortUniverse): [string, string, ShortFacts][] {
  return Object.entries(universe).flatMap(([name, versions]) =>
    Object.entries(versions).map(([version, facts]): [string, string, ShortFacts] => [name, version, facts]),
  );
}

/** Whether two versions of different packages may not stand side by side. */
export function clash(
  [a, av]: readonly [string, string],
  [b, bv]: readonly [string, string],
  { universe }: World,
): boolean {
  const [left, right] = [universe[a]![av]!, universe[b]![bv]!];
  const declares = (facts: ShortFacts, name: string, version: string, other: ShortFacts): boolean =>
    Object.entries(facts.conflicts ?? {}).some(([target, range]) => {
      const offered = other.provides?.[target]?.replace('!', '');
      return (
        (target === name && semver.satisfies(version, range)) ||
        (offered !== undefined && semver.satisfies(offered, range))
      );
    });
  if (declares(left, b, bv, right) || declares(right, a, av, left)) return true;
  return Object.entries(left.provides ?? {}).some(([capability, offered]) => {
    const other = right.provides?.[capability];
    return other !== undefined && (offered.endsWith('!') || other.endsWith('!'));
  });
}

/** Everything that is wrong with a solution. */
export function validateSolution(solution: Solution, world: World): string[] {
  const { universe, roots } = world;
  const chosen = new Map(solution.packages.map(({ name, version }) => [name, version]));
  const wrong: string[] = [];
  if (chosen.size !== solution.packages.length) wrong.push('a package is there twice');
  for (const [name, range] of Object.entries(roots)) {
    const version = chosen.get(name);
    if (version === undefined || !semver.satisfies(version, range)) wrong.push(`root ${name} ${range}`);
  }
  const reachable = new Set(Object.keys(roots));
  for (const name of reachable) {
    const solved = solution.packages.find((each) => each.name === name);
    for (const edge of solved?.dependencies ?? []) reachable.add(edge.id.slice(edge.id.lastIndexOf('/') + 1));
  }
  for (const [name, version] of chosen) {
    const facts = universe[name]?.[version];
    if (facts === undefined) {
      wrong.push(`${name} ${version} does not exist`);
      continue;
    }
    if (!reachable.has(name)) wrong.push(`nobody needs ${name}`);
    if (!isEligible(name, version, world)) wrong.push(`${name} ${version} is not eligible`);
    for (const [target, range] of Object.entries(facts.deps ?? {})) {
      if (!meets(target, range, world).some(([pkg, v]) => chosen.get(pkg) === v))
        wrong.push(`${name} ${version} → ${target} ${range}`);
    }
    for (const other of chosen)
      if (other[0] !== name && clash([name, version], other, world))
        wrong.push(`${name} clashes with ${other[0]}`);
  }
  return wrong;
}

/** Whether a fact of a proof follows from the world. */
export function factHolds({ terms, cause }: ProofFact, proof: Proof, world: World): boolean {
  const named = (term: ProofTerm | undefined): [string, string][] =>
    term === undefined
      ? []
      : term.versions.map((v) => [
          proof.packages[term.package]!.name,
          proof.packages[term.package]!.versions[v]!,
        ]);
  const [first, second, ...rest] = terms;
  if (rest.length > 0) return false;
  /** The versions that a negative term still allows; of a capability, all that its offers allow. */
  const allowed = (term: ProofTerm | undefined): [string, string][] => {
    if (term === undefined) return [];
    const { name, versions, role } = proof.packages[term.package]!;
    const left = versions.filter((_, v) => !term.versions.includes(v));
    if (role === 'extension') return left.map((v) => [name, v]);
    return left.flatMap((offer) => offeredBy(offer, world));
  };
  const same = (a: [string, string][], b: [string, string][]): boolean =>
    JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
  switch (cause.type) {
    case 'requirement':
      return (
        second === undefined && same(allowed(first), meets(cause.target, world.roots[cause.target]!, world))
      );
    case 'dependency':
      return named(first).every(([name, version]) => {
        const range = world.universe[name]![version]!.deps?.[cause.target];
        if (range === undefined) return false;
        const fitting = meets(cause.target, range, world);
        if (cause.target === name) return second === undefined && !fitting.some(([, v]) => v === version);
        return same(allowed(second), fitting) && (second === undefined || second.absent);
      });
    case 'conflict':
    case 'exclusive':
      return named(first).every((a) => named(second).every((b) => clash(a, b, world)));
    case 'offer': {
      const offers = named(first).flatMap(([, offer]) => offeredBy(offer, world));
      return first?.absent === false && second?.absent === true && same(allowed(second), offers);
    }
    case 'platform':
    case 'compatibility':
    case 'yanked':
    case 'revoked':
      return (
        second === undefined &&
        first?.absent === false &&
        named(first).every(([name, version]) => !isEligible(name, version, world))
      );
    default:
      return false;
  }
}

function offeredBy(offer: string, { universe }: World): [string, string][] {
  const [, name, capability, version] = /^(\S+) \((\S+) (\S+)\)$/.exec(offer)!;
  return Object.entries(universe[name!]!).flatMap(([v, { provides }]): [string, string][] =>
    provides?.[capability!]?.replace('!', '') === version ? [[name!, v]] : [],
  );
}
