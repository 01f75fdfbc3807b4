import { parseRange } from '#schemas';
import type { PackageId } from '../package-id.js';
import type { Cause } from '../proof/cause.js';
import { PRIORITY } from '../solver/universe.js';
import { hasVersion } from '../solver/version-set.js';
import { activeDependencies, dependencyTarget, type WrittenDependency } from './dependency-target.js';
import type { Encoder } from './encoder.js';
import type { ProblemPackage } from './problem.js';

/** A dependency of one version, with where it leads and what is asked of it after overrides. */
export interface Edge {
  readonly name: string;
  readonly id: PackageId;
  readonly written: WrittenDependency;
  readonly range: string;
  readonly optional: boolean;
  /** It names a registry or a namespace, so it means a package and never a capability. */
  readonly explicit: boolean;
}

/** Versions of one package that accept the same versions of another: one fact for all of them. */
interface Group {
  readonly edge: Edge;
  readonly owners: Int32Array;
  readonly allowed: Int32Array;
  facts: readonly number[] | undefined;
}

interface GroupsOfPair {
  /** How many versions were known when the groups were formed. */
  readonly known: number;
  readonly groups: readonly Group[];
}

/** Turns dependencies and optional dependencies into facts, merged over the versions of their owner. */
export class Dependencies {
  private readonly encoder: Encoder;
  private readonly edges = new Map<ProblemPackage, (readonly Edge[] | undefined)[]>();
  private readonly pairs = new Map<string, GroupsOfPair>();
  private readonly targets = new Map<string, ProblemPackage>();
  private readonly softOf = new Map<string, ProblemPackage>();

  constructor(encoder: Encoder) {
    this.encoder = encoder;
  }

  /** The edges of a version whose facts are known, in the order of their names, required ones first. */
  edgesOf(pkg: ProblemPackage, version: number): readonly Edge[] {
    const cached = this.edges.get(pkg) ?? [];
    this.edges.set(pkg, cached);
    const known = cached[version];
    if (known !== undefined) return known;
    const { platforms, overrides } = this.encoder.policy;
    const { deps } = pkg.facts[version]!;
    const normalise = (written: typeof deps.dependencies, optional: boolean): Edge[] =>
      activeDependencies(written, platforms).map(([name, each]) => {
        const id = dependencyTarget(pkg.id!, name, each);
        const override = overrides.get(id);
        const range = override === undefined ? each.version : parseRange(override.range);
        const explicit = each.registry !== undefined || each.namespace !== undefined;
        return { name, id, written: each, range, optional, explicit };
      });
    const edges = [...normalise(deps.dependencies, false), ...normalise(deps.optional_dependencies, true)];
    cached[version] = edges;
    return edges;
  }

  /** The facts of one edge of one version. */
  async encode(pkg: ProblemPackage, version: number, edge: Edge): Promise<readonly number[]> {
    const target = await this.target(edge);
    const group = this.groupsOf(pkg, edge, target).groups.find(({ owners }) =>
      hasVersion(owners, 0, version),
    )!;
    group.facts ??= this.factsOf(pkg, group, target);
    return group.facts;
  }

  /** What an edge turned out to mean; undefined before it was encoded. */
  targetOf(edge: Edge): ProblemPackage | undefined {
    return this.targets.get(targetKey(edge));
  }

  /** The package that stands for taking or skipping an optional dependency. */
  choiceOf(pkg: ProblemPackage, version: number, edge: Edge): ProblemPackage | undefined {
    const group = this.pairs
      .get(pairKey(pkg, edge))
      ?.groups.find(({ owners }) => hasVersion(owners, 0, version));
    return group === undefined ? undefined : this.softOf.get(softKey(pkg, group));
  }

  private async target(edge: Edge): Promise<ProblemPackage> {
    const key = targetKey(edge);
    const known = this.targets.get(key);
    if (known !== undefined) return known;
    const found = await this.encoder.target(edge.id, edge.name, edge.explicit);
    this.targets.set(key, found);
    return found;
  }

  private groupsOf(pkg: ProblemPackage, edge: Edge, target: ProblemPackage): GroupsOfPair {
    const key = pairKey(pkg, edge);
    const known = pkg.facts.reduce((count, facts) => count + (facts === undefined ? 0 : 1), 0);
    const formed = this.pairs.get(key);
    if (formed !== undefined && formed.known === known) return formed;
    const bySet = new Map<string, { edge: Edge; allowed: Int32Array; versions: number[] }>();
    const byRange = new Map<string, string>();
    pkg.facts.forEach((facts, v) => {
      if (facts === undefined) return;
      const same = this.edgesOf(pkg, v).find((each) => pairKey(pkg, each) === key);
      if (same === undefined) return;
      const text = `${same.written.kind ?? ''} ${same.range}`;
      let set = byRange.get(text);
      if (set === undefined) {
        const allowed = this.encoder.accepted(target, same.range, same.written.kind);
        set = String(allowed);
        byRange.set(text, set);
        if (!bySet.has(set)) bySet.set(set, { edge: same, allowed, versions: [] });
      }
      bySet.get(set)!.versions.push(v);
    });
    const { problem } = this.encoder;
    const groups = [...bySet.values()].map(
      ({ edge: first, allowed, versions }): Group => ({
        edge: first,
        allowed,
        owners: problem.set(pkg.index, versions),
        facts: undefined,
      }),
    );
    const pair = { known, groups };
    this.pairs.set(key, pair);
    return pair;
  }

  private factsOf(pkg: ProblemPackage, group: Group, target: ProblemPackage): number[] {
    const { problem } = this.encoder;
    const { edge, owners } = group;
    const override = this.encoder.policy.overrides.get(edge.id);
    const cause: Cause = {
      type: 'dependency',
      range: edge.range,
      optional: edge.optional,
      target: edge.name,
      ...this.encoder.available(target, group.allowed),
      ...(edge.written.kind !== undefined && { targetKind: edge.written.kind }),
      ...(override !== undefined && { overridden: { range: edge.written.version, origin: override.origin } }),
    };
    const refused = [target.index, problem.except(target.index, group.allowed)] as const;
    if (!edge.optional) {
      return [problem.fact([[pkg.index, owners], refused], cause)].filter((fact) => fact >= 0);
    }
    const soft = this.choice(pkg, group);
    const take = problem.fact([[soft.index, problem.set(soft.index, [1])], refused], cause);
    problem.universe.setTriggers(soft.index, 0, []);
    problem.universe.setTriggers(soft.index, 1, take < 0 ? [] : [take]);
    const absent = problem.except(soft.index, problem.set(soft.index, [0, 1]));
    return [
      problem.fact(
        [
          [pkg.index, owners],
          [soft.index, absent],
        ],
        { type: 'choice', target: edge.name },
      ),
    ];
  }

  /** A package of two versions, "skip" and "take", decided after everything that must be. */
  private choice(pkg: ProblemPackage, group: Group): ProblemPackage {
    const soft = this.encoder.problem.add(
      { name: `${pkg.name} with ${group.edge.name}`, role: 'optional', versions: ['skip', 'take'] },
      PRIORITY.optional,
    );
    this.softOf.set(softKey(pkg, group), soft);
    return soft;
  }
}

function targetKey(edge: Edge): string {
  return `${edge.explicit ? '!' : ''}${edge.id}`;
}

function pairKey(pkg: ProblemPackage, edge: Edge): string {
  return `${pkg.index} ${edge.optional ? '?' : ''}${targetKey(edge)}`;
}

function softKey(pkg: ProblemPackage, group: Group): string {
  return `${pairKey(pkg, group.edge)} ${String(group.owners)}`;
}
