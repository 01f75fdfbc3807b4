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
  /** Package to the range that replaces all others on it. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** Package to the range outside of which it may not be selected. */
  readonly constraints?: Readonly<Record<string, string>>;
  /** Package to affected versions. */
  readonly advisories?: Readonly<Record<string, string>>;
  readonly publishedBefore?: string;
}

const answers = new Map<string, boolean>();

/** The few versions and ranges of random universes meet again and again. */
function satisfies(version: string, range: string): boolean {
  const key = `${version} ${range}`;
  let answer = answers.get(key);
  if (answer === undefined) {
    answer = semver.satisfies(version, range);
    answers.set(key, answer);
  }
  return answer;
}

/** The range that counts for whoever asks for `name`. */
export function asked(name: string, range: string, { universe, overrides }: World): string {
  return (universe[name] === undefined ? undefined : overrides?.[name]) ?? range;
}

export function isEligible(name: string, version: string, world: World): boolean {
  const { universe, roots, platforms, provVersion, overrides, constraints, advisories } = world;
  const { state, platforms: supported, needs, publishedAt, unsignedTime } = universe[name]![version]!;
  const isNamed = roots[name] === version || overrides?.[name] === version;
  if (state === 'revoked' || (state === 'yanked' && !isNamed)) return false;
  if (supported !== undefined && platforms.some((each) => !supported.includes(each))) return false;
  if (needs !== undefined && !satisfies(provVersion, needs)) return false;
  if (constraints?.[name] !== undefined && !satisfies(version, constraints[name])) return false;
  if (advisories?.[name] !== undefined && satisfies(version, advisories[name])) return false;
  const { publishedBefore } = world;
  if (publishedBefore === undefined) return true;
  return publishedAt !== undefined && unsignedTime !== true && publishedAt <= publishedBefore;
}

/** Every (package, version) that meets a dependency by that name. */
export function meets(name: string, range: string, { universe }: World): [string, string][] {
  if (universe[name] !== undefined) {
    return Object.keys(universe[name]).flatMap((v): [string, string][] =>
      satisfies(v, range) ? [[name, v]] : [],
    );
  }
  return everyVersion(universe).flatMap(([pkg, version, { provides }]): [string, string][] => {
    const offered = provides?.[name]?.replace('!', '');
    return offered !== undefined && satisfies(offered, range) ? [[pkg, version]] : [];
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
        (target === name && satisfies(version, range)) || (offered !== undefined && satisfies(offered, range))
      );
    });
  const constrains = (facts: ShortFacts, name: string, version: string): boolean =>
    facts.constraints?.[name] !== undefined && !satisfies(version, facts.constraints[name]);
  if (declares(left, b, bv, right) || declares(right, a, av, left)) return true;
  if (constrains(left, b, bv) || constrains(right, a, av)) return true;
  return Object.entries(left.provides ?? {}).some(([capability, offered]) => {
    const other = right.provides?.[capability];
    return other !== undefined && (offered.endsWith('!') || other.endsWith('!'));
  });
}

/** Everything that is wrong with a solution; where it differs by platform, on any of them. */
export function validateSolution(solution: Solution, world: World): string[] {
  if (solution.packages.every(({ platforms }) => platforms === undefined))
    return validateOne(solution, world);
  return world.platforms.flatMap((platform) => {
    const isHere = ({ platforms }: { platforms?: readonly string[] }): boolean =>
      platforms === undefined || platforms.includes(platform);
    const packages = solution.packages
      .filter(isHere)
      .map((each) => ({ ...each, dependencies: each.dependencies.filter(isHere) }));
    return validateOne({ ...solution, packages }, { ...world, platforms: [platform] });
  });
}

function validateOne(solution: Solution, world: World): string[] {
  const { universe, roots } = world;
  const chosen = new Map(solution.packages.map(({ name, version }) => [name, version]));
  const wrong: string[] = [];
  if (chosen.size !== solution.packages.length) wrong.push('a package is there twice');
  for (const [name, range] of Object.entries(roots)) {
    const version = chosen.get(name);
    if (version === undefined || !satisfies(version, asked(name, range, world)))
      wrong.push(`root ${name} ${range}`);
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
      if (!meets(target, asked(target, range, world), world).some(([pkg, v]) => chosen.get(pkg) === v))
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
  const isUnusable = (): boolean =>
    second === undefined &&
    first?.absent === false &&
    named(first).every(([name, version]) => !isEligible(name, version, world));
  switch (cause.type) {
    case 'requirement':
      return (
        second === undefined &&
        same(
          allowed(first),
          meets(cause.target, asked(cause.target, world.roots[cause.target]!, world), world),
        )
      );
    case 'dependency':
      return named(first).every(([name, version]) => {
        const range = world.universe[name]![version]!.deps?.[cause.target];
        if (range === undefined) return false;
        const fitting = meets(cause.target, asked(cause.target, range, world), world);
        if (cause.target === name) return second === undefined && !fitting.some(([, v]) => v === version);
        return same(allowed(second), fitting) && (second === undefined || second.absent);
      });
    case 'constraint':
      if (cause.origin !== undefined) return isUnusable();
      return named(first).every((a) => named(second).every((b) => clash(a, b, world)));
    case 'conflict':
    case 'exclusive':
      return named(first).every((a) => named(second).every((b) => clash(a, b, world)));
    case 'offer': {
      const offers = named(first).flatMap(([, offer]) => offeredBy(offer, world));
      return first?.absent === false && second?.absent === true && same(allowed(second), offers);
    }
    case 'platform':
    case 'compatibility':
    case 'advisory':
    case 'too-new':
    case 'age-unknown':
    case 'yanked':
    case 'revoked':
      return isUnusable();
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
