import semver from 'semver';
import { isVersion } from '#schemas';
import { type PackageId, sourceOf } from '../package-id.js';
import { PRIORITY } from '../solver/universe.js';
import type { Encoder } from './encoder.js';
import type { ProblemPackage } from './problem.js';

/** One way to get a capability: some versions of a package that offer it at one capability version. */
interface Offer {
  readonly provider: ProblemPackage;
  readonly version: string;
  readonly versions: readonly number[];
}

/**
 * A capability is a package whose versions are the offers of it. Choosing an offer requires its provider;
 * two providers of an exclusive capability cannot be selected together, wanted or not.
 */
export class Capabilities {
  private readonly encoder: Encoder;
  /** Providers by capability, from an earlier attempt too. */
  private readonly known: Map<string, Set<PackageId>>;
  private readonly formed = new Map<string, { pkg: ProblemPackage; offers: readonly Offer[] } | undefined>();
  /** Packages that are known to the solver, by what some version of them provides. */
  private readonly byCapability = new Map<string, Set<ProblemPackage>>();
  /** A provider turned up after its capability was formed: the attempt must begin anew. */
  stale = false;

  constructor(encoder: Encoder, known: Map<string, Set<PackageId>>) {
    this.encoder = encoder;
    this.known = known;
  }

  /** The capability of that name, or undefined when nobody offers it. */
  async find(name: string): Promise<ProblemPackage | undefined> {
    if (this.formed.has(name)) return this.formed.get(name)?.pkg;
    const { encoder } = this;
    const listed = await encoder.loader.providers(name);
    const candidates = [...listed, ...[...(this.known.get(name) ?? [])].sort()];
    const providers: ProblemPackage[] = [];
    for (const id of new Set(candidates.filter((each) => this.mayOffer(each)))) {
      const provider = await encoder.extension(id);
      await encoder.learnAll(provider);
      providers.push(provider);
    }
    if (this.formed.has(name)) return this.formed.get(name)?.pkg;
    const offers = this.rank(
      name,
      providers.flatMap((provider) => offersOf(provider, name)),
    );
    this.formed.set(name, undefined);
    if (offers.length === 0) return undefined;
    const { problem } = encoder;
    const versions = offers.map(({ provider, version }) => `${provider.name} (${name} ${version})`);
    const pkg = problem.add({ name, role: 'capability', versions }, PRIORITY.capability);
    this.formed.set(name, { pkg, offers });
    problem.universe.order[pkg.index] = Int32Array.from(offers.keys());
    problem.universe.offers[pkg.index] = Int32Array.from(offers, (offer) => offer.provider.index);
    offers.forEach(({ provider, version, versions: served }, i) => {
      const wanted = problem.except(provider.index, problem.set(provider.index, served));
      const fact = problem.fact(
        [
          [pkg.index, problem.set(pkg.index, [i])],
          [provider.index, wanted],
        ],
        {
          type: 'offer',
          capability: name,
          version,
        },
      );
      problem.universe.setTriggers(pkg.index, i, fact < 0 ? [] : [fact]);
    });
    return pkg;
  }

  /**
   * The user's choice first, the lock's, what the user asks for anyway, the workspace's default, then as
   * listed. While solving, a provider that is selected already goes before all but the first two.
   */
  private rank(name: string, offers: readonly Offer[]): Offer[] {
    const { chosenProviders, preferredProviders, defaultProviders, direct } = this.encoder.policy;
    const rankOf = ({ provider: { id } }: Offer): number => {
      if (id === chosenProviders.get(name)) return 0;
      if (id === preferredProviders.get(name)) return 1;
      return direct.has(id!) ? 2 : id === defaultProviders.get(name) ? 3 : 4;
    };
    return [...offers].sort((a, b) => rankOf(a) - rankOf(b));
  }

  /** Only packages of the places that the user names; anybody can publish somewhere. */
  private mayOffer(id: PackageId): boolean {
    const { providerSources } = this.encoder.policy;
    return providerSources === undefined || providerSources.has(sourceOf(id));
  }

  /** Packages known so far of which some version provides a capability. */
  offering(name: string): Iterable<ProblemPackage> {
    return this.byCapability.get(name) ?? [];
  }

  /** The offers whose capability version is in a range. */
  accepted(pkg: ProblemPackage, range: string): Int32Array<ArrayBuffer> {
    const offers = this.formed.get(pkg.name)?.offers ?? [];
    const fitting = [...offers.keys()].filter((i) => semver.satisfies(offers[i]!.version, range));
    return this.encoder.problem.set(pkg.index, fitting);
  }

  /** Which provider an offer stands for. */
  providerOf(pkg: ProblemPackage, offer: number): ProblemPackage {
    return this.formed.get(pkg.name)!.offers[offer]!.provider;
  }

  /** Facts that newly known versions of a provider bring: exclusive capabilities shut others out. */
  meet(pkg: ProblemPackage, versions: readonly number[]): number[] {
    const { problem } = this.encoder;
    const facts: number[] = [];
    const names = new Set<string>();
    for (const v of versions) for (const name in pkg.facts[v]!.deps.provides) names.add(name);
    for (const name of [...names].sort()) {
      const providers = this.known.get(name) ?? new Set();
      this.known.set(name, providers);
      if (this.formed.has(name) && !providers.has(pkg.id!) && this.mayOffer(pkg.id!)) this.stale = true;
      providers.add(pkg.id!);
      const known = this.byCapability.get(name) ?? new Set();
      this.byCapability.set(name, known.add(pkg));
      const mine = providing(pkg, name, versions);
      for (const other of known) {
        if (other === pkg) continue;
        const theirs = providing(other, name);
        const cause = { type: 'exclusive', capability: name } as const;
        const pair = (a: readonly number[], b: readonly number[]): void => {
          const terms = [
            [pkg.index, problem.set(pkg.index, a)],
            [other.index, problem.set(other.index, b)],
          ] as const;
          if (a.length > 0 && b.length > 0) facts.push(problem.fact(terms, cause));
        };
        pair(mine.exclusive, theirs.all);
        const shared = mine.all.filter((v) => !mine.exclusive.includes(v));
        pair(shared, theirs.exclusive);
      }
    }
    return facts;
  }
}

function providing(
  pkg: ProblemPackage,
  name: string,
  among?: readonly number[],
): { all: number[]; exclusive: number[] } {
  const all: number[] = [];
  const exclusive: number[] = [];
  for (const v of among ?? pkg.facts.keys()) {
    const offer = pkg.facts[v]?.deps.provides?.[name];
    if (offer === undefined) continue;
    all.push(v);
    if (offer.exclusive === true) exclusive.push(v);
  }
  return { all, exclusive };
}

/** The offers of one package, best capability version first. */
function offersOf(provider: ProblemPackage, name: string): Offer[] {
  const byVersion = new Map<string, number[]>();
  provider.facts.forEach((facts, v) => {
    const version = facts?.deps.provides?.[name]?.version;
    if (version === undefined || !isVersion(version)) return;
    byVersion.set(version, [...(byVersion.get(version) ?? []), v]);
  });
  return [...byVersion]
    .map(([version, versions]) => ({ provider, version, versions }))
    .sort((a, b) => semver.compareBuild(b.version, a.version));
}

/** `registry:namespace` of a package. */
