import { ProvError } from '#base';
import { parseRange } from '#schemas';
import type { MetadataLoader } from '../metadata/metadata-loader.js';
import type { PackageMetadata, VersionFacts } from '../metadata/metadata-source.js';
import { type PackageId, packageId, splitPackageId } from '../package-id.js';
import type { Available, Cause } from '../proof/cause.js';
import { VersionList } from '../ranges/version-list.js';
import type { Override, Requirement } from '../requirement.js';
import { PRIORITY } from '../solver/universe.js';
import { Capabilities } from './capabilities.js';
import { Conflicts } from './conflicts.js';
import { Dependencies } from './dependencies.js';
import { ineligible, unusable } from './eligibility.js';
import { listFacts } from './list-facts.js';
import { includesPrerelease, type Policy } from './policy.js';
import { preferenceOrder } from './preference.js';
import { Problem, type ProblemPackage } from './problem.js';
import { sameDeps } from './same-deps.js';

/**
 * Turns metadata into facts, as much as the solver asks for: a package when it is first mentioned, a
 * version when it is first tried. Packages get their numbers in the order in which the solver meets them,
 * so that they never depend on the order of answers.
 */
export class Encoder {
  readonly problem = new Problem();
  readonly policy: Policy;
  readonly loader: MetadataLoader;
  readonly capabilities: Capabilities;
  readonly dependencies: Dependencies;
  private readonly conflicts: Conflicts;
  private readonly byId = new Map<PackageId, ProblemPackage>();
  /** Facts that come with a version that was looked up late. */
  private readonly late = new Map<string, readonly number[]>();

  constructor(policy: Policy, loader: MetadataLoader, knownProviders: Map<string, Set<PackageId>>) {
    this.policy = policy;
    this.loader = loader;
    this.capabilities = new Capabilities(this, knownProviders);
    this.dependencies = new Dependencies(this);
    this.conflicts = new Conflicts(this);
  }

  /** The facts that the user's requirements are. */
  async requirements(): Promise<number[]> {
    const { policy, problem } = this;
    const wanted = policy.requirements.map((requirement) => {
      const id = packageId(requirement.registry, requirement.repository, requirement.alias);
      const override = overrideOf(requirement, policy.overrides.get(id));
      const range = parseRange((override ?? requirement).range);
      this.loader.prefetch(id, range);
      return { id, requirement, override, range };
    });
    const facts: number[] = [];
    for (const { id } of wanted) await this.extension(id);
    for (const { id, requirement, override, range } of wanted) {
      const target = (await this.extension(id))!;
      const { origin, kind, digest, final } = requirement;
      let allowed = this.accepted(target, range, kind);
      if (digest !== undefined) {
        const fitting = await this.withDigest(target, digest);
        allowed = allowed.map((word, k) => word & fitting[k]!);
      }
      const cause: Cause = {
        type: 'requirement',
        range,
        target: target.name,
        id,
        origin,
        ...this.available(target, allowed),
        ...(kind !== undefined && { targetKind: kind }),
        ...(digest !== undefined && { digest }),
        ...(final === true && { final }),
        ...(override !== undefined && { overridden: { range: requirement.range, origin: override.origin } }),
      };
      facts.push(problem.fact([[target.index, problem.except(target.index, allowed)]], cause));
    }
    return facts.filter((fact) => fact >= 0);
  }

  /** The versions that a digest is of; those listed bare are looked up for it. */
  private async withDigest(target: ProblemPackage, digest: string): Promise<Int32Array> {
    await this.learnAll(target);
    const versions = target.facts.flatMap((facts, v) => (facts?.digest === digest ? [v] : []));
    return this.problem.set(target.index, versions);
  }

  /** The package, known to the solver from now on; with no versions when there is no such package. */
  async extension(id: PackageId): Promise<ProblemPackage> {
    const known = this.byId.get(id);
    if (known !== undefined) return known;
    const metadata = await this.loader.versions(id);
    return this.byId.get(id) ?? this.intern(id, metadata);
  }

  isInterned(id: PackageId): boolean {
    return this.byId.has(id);
  }

  interned(): Iterable<ProblemPackage> {
    return this.byId.values();
  }

  private intern(id: PackageId, metadata: PackageMetadata | undefined): ProblemPackage {
    const { problem, policy } = this;
    const list = metadata === undefined ? new VersionList([]) : this.loader.listOf(metadata);
    const twice = list.versions.find((version, i) => list.versions[i + 1] === version);
    if (twice !== undefined) throw new ProvError('RESOLVER_VERSION_DUPLICATE', { id, version: twice });
    const pkg = problem.add(
      {
        id,
        name: localName(id),
        role: 'extension',
        versions: list.versions,
        list,
        facts: list.order.map((at) => {
          const listed = metadata!.versions[at]!;
          return typeof listed === 'string' ? undefined : listed;
        }),
        location: metadata?.location ?? splitPackageId(id).registry,
        ...(metadata?.ignoredTags &&
          metadata.ignoredTags.length > 0 && { ignoredTags: metadata.ignoredTags }),
        ...(metadata?.offline && { offline: true }),
      },
      policy.direct.has(id) ? PRIORITY.direct : PRIORITY.transitive,
    );
    this.byId.set(id, pkg);
    problem.universe.order[pkg.index] = preferenceOrder(id, list, policy);
    const known = pkg.facts.flatMap((facts, v) => (facts === undefined ? [] : [v]));
    for (const fact of [...listFacts(problem, pkg, policy), ...this.learn(pkg, known)])
      problem.universe.addStanding(pkg.index, fact);
    return pkg;
  }

  /** Facts about versions that hold whatever depends on them, once those versions are known. */
  private learn(pkg: ProblemPackage, versions: readonly number[]): number[] {
    const { problem } = this;
    this.checkKind(pkg);
    const byCause = new Map<string, { cause: Cause; versions: number[] }>();
    let before: VersionFacts | undefined;
    let written: readonly Cause[] = [];
    for (const v of versions) {
      const facts = pkg.facts[v]!;
      // Most versions say the same as the one before.
      if (before === undefined || !sameDeps(before.deps, facts.deps))
        written = unusable(facts.deps, this.policy);
      before = facts;
      for (const cause of [...ineligible(pkg.id!, facts, this.policy), ...written]) {
        // Too young at different times is one reason, told by the oldest of them: it is the first to ripen.
        const key = cause.type === 'too-new' ? cause.type : JSON.stringify(cause);
        const same = byCause.get(key);
        if (same === undefined) byCause.set(key, { cause, versions: [v] });
        else {
          same.versions.push(v);
          if (isOlder(cause, same.cause)) same.cause = cause;
        }
      }
    }
    const own = [...byCause.values()].map(({ cause, versions: which }) =>
      problem.fact([[pkg.index, problem.set(pkg.index, which)]], cause),
    );
    return [...own, ...this.capabilities.meet(pkg, versions), ...this.conflicts.meet(pkg, versions)].filter(
      (fact) => fact >= 0,
    );
  }

  private checkKind(pkg: ProblemPackage): void {
    const known = pkg.facts.filter((facts) => facts !== undefined);
    const other = known.find((facts) => facts.kind !== known[0]!.kind);
    if (other === undefined) return;
    const { kind, version } = known[0]!;
    const details = { id: pkg.id, kind, version, otherKind: other.kind, otherVersion: other.version };
    throw new ProvError('RESOLVER_KIND_MIXED', details);
  }

  /** Versions (or offers) of `target` that a range accepts; none when it is of another kind. */
  accepted(target: ProblemPackage, range: string, kind: string | undefined): Int32Array<ArrayBuffer> {
    if (target.role === 'capability') return this.capabilities.accepted(target, range);
    const otherKind = target.facts.some((facts) => facts !== undefined && facts.kind !== kind);
    if (kind !== undefined && otherKind) return this.problem.set(target.index);
    return target.list.select(range, includesPrerelease(this.policy, target.id!));
  }

  /** What to say is there when nothing of it fits. */
  available(target: ProblemPackage, accepted: Int32Array): { available?: Available } {
    if (accepted.some((word) => word !== 0)) return {};
    const kind = target.facts.find((facts) => facts !== undefined)?.kind;
    const { versions, location = '', ignoredTags, offline } = target;
    return {
      available: {
        location,
        versions,
        ...(kind !== undefined && { kind }),
        ...(ignoredTags && { ignoredTags }),
        ...(offline && { offline }),
      },
    };
  }

  /** Makes every version of a package known, those listed bare by looking them up. */
  async learnAll(pkg: ProblemPackage): Promise<void> {
    const bare = pkg.facts.flatMap((facts, v) => (facts === undefined ? [v] : []));
    const found = await Promise.all(bare.map((v) => this.loader.factsOf(pkg.id!, pkg.versions[v]!)));
    bare.forEach((v, i) => {
      this.problem.reveal(pkg, v, found[i]!);
    });
    this.learnLate(pkg, bare);
  }

  /** Versions that became known after the package: their facts come with them, when they are tried. */
  private learnLate(pkg: ProblemPackage, versions: readonly number[]): void {
    if (versions.length === 0) return;
    const facts = this.learn(pkg, versions);
    for (const v of versions) this.late.set(`${pkg.index} ${v}`, facts);
  }

  /** Tells the solver what one version brings; the solver is about to try it. */
  async expand(index: number, version: number): Promise<void> {
    const { problem } = this;
    const pkg = problem.packages[index]!;
    if (pkg.facts[version] === undefined) {
      problem.reveal(pkg, version, await this.loader.factsOf(pkg.id!, pkg.versions[version]!));
      this.learnLate(pkg, [version]);
    }
    const triggers = [...(this.late.get(`${index} ${version}`) ?? [])];
    const edges = this.dependencies.edgesOf(pkg, version);
    for (const { id, range } of edges) this.loader.prefetch(id, range);
    for (const edge of edges) triggers.push(...(await this.dependencies.encode(pkg, version, edge)));
    triggers.push(...this.conflicts.declare(pkg, version));
    problem.universe.setTriggers(index, version, triggers);
  }

  /** A package of that name, else a capability that somebody offers, else a package that is missing. */
  async target(id: PackageId, name: string, explicit: boolean): Promise<ProblemPackage> {
    if (!explicit && (await this.loader.versions(id)) === undefined) {
      const capability = await this.capabilities.find(name);
      if (capability !== undefined) return capability;
    }
    return this.extension(id);
  }
}

/** What a package is called in its workspace: two of one name need an alias. */
function localName(id: PackageId): string {
  const { name, alias } = splitPackageId(id);
  return alias ?? name;
}

/** The override that replaces a requirement's range, unless its layer keeps the last word. */
function overrideOf(requirement: Requirement, override: Override | undefined): Override | undefined {
  const isOther = override !== undefined && override.origin.layer !== requirement.origin.layer;
  return requirement.final === true && isOther ? undefined : override;
}

function isOlder(a: Cause, b: Cause): boolean {
  return a.type === 'too-new' && b.type === 'too-new' && a.publishedAt < b.publishedAt;
}
