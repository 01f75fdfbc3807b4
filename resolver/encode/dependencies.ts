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
  /** The same for edges to one target by one way: the key under which versions are grouped. */
  readonly key: string;
}

/** Versions of one package that accept the same versions of another: one fact for all of them. */
interface Group {
  readonly edge: Edge;
  readonly owners: Int32Array;
  readonly allowed: Int32Array;
  facts: readonly number[] | undefined;
}

/** The edges of all versions of a package that are known, by key. */
interface EdgeIndex {
  readonly known: number;
  readonly byKey: ReadonlyMap<string, readonly (readonly [versions: readonly number[], edge: Edge])[]>;
}

/** Turns dependencies and optional dependencies into facts, merged over the versions of their owner. */
export class Dependencies {
  private readonly encoder: Encoder;
  /** By what the manifest says: most versions of a package say the same as the one before. */
  private readonly edges = new Map<ProblemPackage, Map<string, readonly Edge[]>>();
  private readonly indexes = new Map<ProblemPackage, EdgeIndex>();
  private readonly pairs = new Map<
    string,
    { readonly index: EdgeIndex; readonly groups: readonly Group[] }
  >();
  private readonly targets = new Map<string, ProblemPackage>();
  private readonly softOf = new Map<string, ProblemPackage>();

  constructor(encoder: Encoder) {
    this.encoder = encoder;
  }

  /** The edges of a version whose facts are known, in the order of their names, required ones first. */
  edgesOf(pkg: ProblemPackage, version: number): readonly Edge[] {
    const { deps } = pkg.facts[version]!;
    const cached = this.edges.get(pkg) ?? new Map<string, readonly Edge[]>();
    this.edges.set(pkg, cached);
    const said = JSON.stringify([deps.dependencies, deps.optional_dependencies]);
    const known = cached.get(said);
    if (known !== undefined) return known;
    const { platforms, overrides } = this.encoder.policy;
    const normalise = (written: typeof deps.dependencies, optional: boolean): Edge[] =>
      activeDependencies(written, platforms).map(([name, each]) => {
        const id = dependencyTarget(pkg.id!, name, each);
        const override = overrides.get(id);
        const range = override === undefined ? each.version : parseRange(override.range);
        const explicit = each.registry !== undefined || each.namespace !== undefined;
        const key = `${optional ? '?' : ''}${explicit ? '!' : ''}${id}`;
        return { name, id, written: each, range, optional, explicit, key };
      });
    const edges = [...normalise(deps.dependencies, false), ...normalise(deps.optional_dependencies, true)];
    cached.set(said, edges);
    return edges;
  }

  /** The facts of one edge of one version. */
  async encode(pkg: ProblemPackage, version: number, edge: Edge): Promise<readonly number[]> {
    const target = await this.target(edge);
    const group = this.groupsOf(pkg, edge, target).find(({ owners }) => hasVersion(owners, 0, version))!;
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

  private indexOf(pkg: ProblemPackage): EdgeIndex {
    const known = this.indexes.get(pkg);
    if (known !== undefined && known.known === pkg.known) return known;
    const byEdges = new Map<readonly Edge[], number[]>();
    pkg.facts.forEach((facts, v) => {
      if (facts === undefined) return;
      const edges = this.edgesOf(pkg, v);
      const same = byEdges.get(edges);
      if (same === undefined) byEdges.set(edges, [v]);
      else same.push(v);
    });
    const byKey = new Map<string, [readonly number[], Edge][]>();
    for (const [edges, versions] of byEdges) {
      for (const edge of edges) {
        const same = byKey.get(edge.key);
        if (same === undefined) byKey.set(edge.key, [[versions, edge]]);
        else same.push([versions, edge]);
      }
    }
    const index = { known: pkg.known, byKey };
    this.indexes.set(pkg, index);
    return index;
  }

  private groupsOf(pkg: ProblemPackage, edge: Edge, target: ProblemPackage): readonly Group[] {
    const key = pairKey(pkg, edge);
    const index = this.indexOf(pkg);
    const formed = this.pairs.get(key);
    if (formed !== undefined && formed.index === index) return formed.groups;
    const bySet = new Map<string, { edge: Edge; allowed: Int32Array; versions: number[] }>();
    const byRange = new Map<string, { versions: number[] }>();
    for (const [versions, same] of index.byKey.get(edge.key) ?? []) {
      const text = `${same.written.kind ?? ''} ${same.range}`;
      const known = byRange.get(text);
      if (known !== undefined) {
        known.versions.push(...versions);
        continue;
      }
      const allowed = this.encoder.accepted(target, same.range, same.written.kind);
      const set = String(allowed);
      const group = bySet.get(set) ?? { edge: same, allowed, versions: [] };
      bySet.set(set, group);
      byRange.set(text, group);
      group.versions.push(...versions);
    }
    const { problem } = this.encoder;
    const groups = [...bySet.values()].map(
      ({ edge: first, allowed, versions }): Group => ({
        edge: first,
        allowed,
        owners: problem.set(pkg.index, versions),
        facts: undefined,
      }),
    );
    this.pairs.set(key, { index, groups });
    return groups;
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
      id: edge.id,
      ...this.encoder.available(target, group.allowed),
      ...(edge.written.kind !== undefined && { targetKind: edge.written.kind }),
      ...(edge.written.platforms !== undefined && { platforms: edge.written.platforms }),
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
  return `${pkg.index} ${edge.key}`;
}

function softKey(pkg: ProblemPackage, group: Group): string {
  return `${pairKey(pkg, group.edge)} ${String(group.owners)}`;
}
