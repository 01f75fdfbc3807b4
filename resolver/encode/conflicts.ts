import semver from 'semver';
import { type PackageId, withoutAlias } from '../package-id.js';
import { normalRange } from '../ranges/normal-range.js';
import { addVersion, hasVersion } from '../solver/version-set.js';
import { dependencyTarget } from './dependency-target.js';
import type { Encoder } from './encoder.js';
import type { ProblemPackage } from './problem.js';

/** `conflict`: nothing in the range beside it. `constraint`: nothing outside the range beside it. */
interface Declaration {
  readonly type: 'conflict' | 'constraint';
  readonly owner: ProblemPackage;
  readonly versions: Int32Array;
  /** A package or, for a conflict, a capability. */
  readonly name: string;
  readonly id: PackageId;
  readonly range: string;
  /** Against what was known when it was declared. */
  readonly facts: number[];
}

const TYPES = [
  ['conflicts', 'conflict'],
  ['constraints', 'constraint'],
] as const;

/**
 * Declared conflicts and constraints, and extensions of one kind and name from two places. Neither makes its
 * target known: it waits until somebody else mentions it.
 */
export class Conflicts {
  private readonly encoder: Encoder;
  private readonly declared = new Map<string, Declaration[]>();
  /** By type, owner, name and range: the declaration that covers the most versions. */
  private readonly latest = new Map<string, Declaration>();
  private readonly byName = new Map<string, ProblemPackage[]>();
  private readonly byId = new Map<PackageId, ProblemPackage[]>();

  constructor(encoder: Encoder) {
    this.encoder = encoder;
  }

  /** What one version declares, as far as what it names is known. */
  declare(owner: ProblemPackage, version: number): number[] {
    const facts: number[] = [];
    const { deps } = owner.facts[version]!;
    for (const [member, type] of TYPES) {
      const written = deps[member];
      if (written === undefined) continue;
      for (const name of Object.keys(written).sort()) {
        const range = normalRange(written[name]!);
        if (range !== undefined) facts.push(...this.declaration(type, { owner, version, name, range }));
      }
    }
    return facts;
  }

  private declaration(
    type: Declaration['type'],
    { owner, version, name, range }: { owner: ProblemPackage; version: number; name: string; range: string },
  ): readonly number[] {
    const key = `${type} ${owner.index} ${name} ${range}`;
    const known = this.latest.get(key);
    if (known !== undefined && hasVersion(known.versions, 0, version)) return known.facts;
    const member = type === 'conflict' ? 'conflicts' : 'constraints';
    const same = owner.facts.flatMap((each, v) =>
      normalRange(each?.deps[member]?.[name] ?? '!') === range ? [v] : [],
    );
    const versions = this.encoder.problem.set(owner.index, same);
    const id = dependencyTarget(owner.id!, name);
    const declaration: Declaration = { type, owner, versions, name, id, range, facts: [] };
    this.latest.set(key, declaration);
    this.declared.set(name, [...(this.declared.get(name) ?? []), declaration]);
    const hit = new Set(this.byId.get(id));
    if (type === 'conflict') for (const each of this.encoder.capabilities.offering(name)) hit.add(each);
    for (const other of hit) declaration.facts.push(...this.between(declaration, other));
    return declaration.facts;
  }

  /** What is known against a package, or versions of it, that just became known. */
  meet(pkg: ProblemPackage, versions: readonly number[]): number[] {
    const bare = withoutAlias(pkg.id!);
    const known = this.byId.get(bare) ?? [];
    if (!known.includes(pkg)) this.byId.set(bare, [...known, pkg]);
    const facts = this.sameName(pkg);
    if (this.declared.size === 0) return facts;
    const names = new Set([bare.slice(bare.lastIndexOf('/') + 1)]);
    for (const v of versions) for (const capability in pkg.facts[v]!.deps.provides) names.add(capability);
    for (const name of names) {
      for (const declaration of this.declared.get(name) ?? [])
        facts.push(...this.between(declaration, pkg, versions));
    }
    return facts;
  }

  private between(declaration: Declaration, other: ProblemPackage, among?: readonly number[]): number[] {
    const { type, owner, name, id, range } = declaration;
    if (other === owner) return [];
    const { problem } = this.encoder;
    const hit = problem.set(other.index);
    if (withoutAlias(other.id!) === id) {
      const inside = other.list.select(range, true);
      if (type === 'conflict') hit.set(inside);
      else
        other.list.versions.forEach((_, v) => {
          if (!hasVersion(inside, 0, v)) addVersion(hit, 0, v);
        });
    }
    if (type === 'conflict') {
      for (const v of among ?? other.facts.keys()) {
        const offered = other.facts[v]?.deps.provides?.[name]?.version;
        if (offered === undefined || !semver.satisfies(offered, range, { includePrerelease: true })) continue;
        addVersion(hit, 0, v);
      }
    }
    const fact = problem.fact(
      [
        [owner.index, declaration.versions],
        [other.index, hit],
      ],
      { type, range, target: name },
    );
    return fact < 0 ? [] : [fact];
  }

  /** Two places may offer the same name; a workspace has room for one of each kind. */
  private sameName(pkg: ProblemPackage): number[] {
    const { problem } = this.encoder;
    const facts: number[] = [];
    const namesakes = this.byName.get(pkg.name) ?? [];
    if (!namesakes.includes(pkg)) this.byName.set(pkg.name, [...namesakes, pkg]);
    if (namesakes.length === 0) return facts;
    const kind = kindOf(pkg);
    for (const other of namesakes) {
      if (other === pkg || kind === undefined || kindOf(other) !== kind) continue;
      const all = (each: ProblemPackage) => problem.set(each.index, each.versions.keys());
      const terms = [
        [pkg.index, all(pkg)],
        [other.index, all(other)],
      ] as const;
      facts.push(problem.fact(terms, { type: 'same-name', name: pkg.name }));
    }
    return facts;
  }
}

function kindOf(pkg: ProblemPackage): string | undefined {
  return pkg.facts.find((facts) => facts !== undefined)?.kind;
}
