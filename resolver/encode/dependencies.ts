import type { Cause } from '../proof/cause.js';
import { normalRange } from '../ranges/normal-range.js';
import { PRIORITY } from '../solver/universe.js';
import { addVersion, hasVersion } from '../solver/version-set.js';
import type { WrittenDependency } from './dependency-target.js';
import { type Edge, edgesOf, sameEdge } from './edges.js';
import type { Encoder } from './encoder.js';
import type { ProblemPackage } from './problem.js';

/** Versions of one package that accept the same versions of another: one fact for all of them. */
interface Group {
  readonly edge: Edge;
  readonly target: ProblemPackage;
  readonly owners: Int32Array;
  readonly allowed: Int32Array;
  /** The package that stands for taking or skipping, when the dependency is optional. */
  choice: ProblemPackage | undefined;
  facts: readonly number[] | undefined;
}

/** Turns dependencies and optional dependencies into facts, merged over the versions of their owner. */
export class Dependencies {
  private readonly encoder: Encoder;
  private readonly edges = new Map<ProblemPackage, Map<number, readonly Edge[]>>();
  private readonly groups = new Map<ProblemPackage, Map<string, Group[]>>();
  private readonly targets = new Map<string, ProblemPackage>();

  constructor(encoder: Encoder) {
    this.encoder = encoder;
  }

  /** The edges of a version whose facts are known, required ones first, in the order of their names. */
  edgesOf(pkg: ProblemPackage, version: number): readonly Edge[] {
    const known = mapIn(this.edges, pkg);
    let edges = known.get(version);
    if (edges === undefined) {
      edges = edgesOf(pkg, version, this.encoder.policy);
      known.set(version, edges);
    }
    return edges;
  }

  /** The facts of one edge of one version; those of other versions that accept the same come with them. */
  async encode(pkg: ProblemPackage, version: number, edge: Edge): Promise<readonly number[]> {
    const target = this.targetOf(edge) ?? (await this.target(edge));
    const group = this.groupOf(pkg, version, edge) ?? this.form(pkg, edge, target);
    group.facts ??= this.factsOf(pkg, group);
    return group.facts;
  }

  /** What an edge turned out to mean; undefined before it was encoded. */
  targetOf(edge: Edge): ProblemPackage | undefined {
    return this.targets.get(targetKey(edge));
  }

  /** The package that stands for taking or skipping an optional dependency of a version. */
  choiceOf(pkg: ProblemPackage, version: number, edge: Edge): ProblemPackage | undefined {
    return this.groupOf(pkg, version, edge)?.choice;
  }

  private groupOf(pkg: ProblemPackage, version: number, edge: Edge): Group | undefined {
    return this.groups
      .get(pkg)
      ?.get(wayKey(edge))
      ?.find(({ owners }) => hasVersion(owners, 0, version));
  }

  private async target(edge: Edge): Promise<ProblemPackage> {
    const found = await this.encoder.target(edge.id, edge.name, edge.explicit);
    this.targets.set(targetKey(edge), found);
    return found;
  }

  /** Finds all versions known by now that accept what one does. Facts of earlier groups stay true. */
  private form(pkg: ProblemPackage, edge: Edge, target: ProblemPackage): Group {
    const { encoder } = this;
    const { policy, problem } = encoder;
    const allowed = encoder.accepted(target, edge.range, edge.written.kind);
    const owners = problem.set(pkg.index);
    const isOverridden = policy.overrides.has(edge.id);
    let before: WrittenDependency | undefined;
    let accepts = false;
    for (let v = 0; v < pkg.facts.length; v++) {
      const written = sameEdge(pkg, v, { edge, policy });
      if (written === undefined) continue;
      if (before === undefined || written.version !== before.version || written.kind !== before.kind) {
        const range = isOverridden ? edge.range : normalRange(written.version);
        accepts = range !== undefined && isSame(allowed, encoder.accepted(target, range, written.kind));
      }
      before = written;
      if (accepts) addVersion(owners, 0, v);
    }
    const formed = mapIn(this.groups, pkg);
    const key = wayKey(edge);
    const earlier = formed.get(key) ?? [];
    const choice = earlier.find((each) => isSame(each.allowed, allowed))?.choice;
    const group: Group = { edge, target, owners, allowed, choice, facts: undefined };
    formed.set(key, [...earlier, group]);
    return group;
  }

  private factsOf(pkg: ProblemPackage, group: Group): number[] {
    const { problem } = this.encoder;
    const { edge, owners, target } = group;
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
    if (group.choice === undefined) {
      group.choice = this.choice(pkg, edge);
      const take = problem.fact([[group.choice.index, problem.set(group.choice.index, [1])], refused], cause);
      problem.universe.setTriggers(group.choice.index, 0, []);
      problem.universe.setTriggers(group.choice.index, 1, take < 0 ? [] : [take]);
    }
    const absent = problem.except(group.choice.index, problem.set(group.choice.index, [0, 1]));
    return [
      problem.fact(
        [
          [pkg.index, owners],
          [group.choice.index, absent],
        ],
        { type: 'choice', target: edge.name },
      ),
    ];
  }

  /** A package of two versions, "skip" and "take", decided after everything that must be. */
  private choice(pkg: ProblemPackage, edge: Edge): ProblemPackage {
    return this.encoder.problem.add(
      { name: `${pkg.name} with ${edge.name}`, role: 'optional', versions: ['skip', 'take'] },
      PRIORITY.optional,
    );
  }
}

function mapIn<K, V>(maps: Map<ProblemPackage, Map<K, V>>, pkg: ProblemPackage): Map<K, V> {
  let found = maps.get(pkg);
  if (found === undefined) {
    found = new Map();
    maps.set(pkg, found);
  }
  return found;
}

function wayKey({ id, optional, explicit }: Edge): string {
  return `${optional ? '?' : ''}${explicit ? '!' : ''}${id}`;
}

function targetKey(edge: Edge): string {
  return edge.explicit ? `!${edge.id}` : edge.id;
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return false;
  return true;
}
