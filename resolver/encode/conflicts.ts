import semver from 'semver';
import type { PackageId } from '../package-id.js';
import { normalRange } from '../ranges/normal-range.js';
import { addVersion, hasVersion } from '../solver/version-set.js';
import { dependencyTarget } from './dependency-target.js';
import type { Encoder } from './encoder.js';
import type { ProblemPackage } from './problem.js';

interface Declaration {
  readonly owner: ProblemPackage;
  readonly versions: Int32Array;
  /** A package or a capability. */
  readonly name: string;
  readonly id: PackageId;
  readonly range: string;
  /** Against what was known when it was declared. */
  readonly facts: number[];
}

/**
 * Declared conflicts, and extensions of one kind and name from two places. A conflict never makes its
 * target known: it waits until somebody else mentions it.
 */
export class Conflicts {
  private readonly encoder: Encoder;
  private readonly declared: Declaration[] = [];
  /** By owner, name and range: the declaration that covers the most versions. */
  private readonly latest = new Map<string, Declaration>();

  private readonly byName = new Map<string, readonly ProblemPackage[]>();

  constructor(encoder: Encoder) {
    this.encoder = encoder;
  }

  /** The conflicts of one version, as far as what they name is known. */
  declare(owner: ProblemPackage, version: number): number[] {
    const facts: number[] = [];
    const written = owner.facts[version]!.deps.conflicts ?? {};
    for (const name of Object.keys(written).sort()) {
      const range = normalRange(written[name]!);
      if (range === undefined) continue;
      const key = `${owner.index} ${name} ${range}`;
      let declaration = this.latest.get(key);
      if (declaration === undefined || !hasVersion(declaration.versions, 0, version)) {
        const same = owner.facts.flatMap((each, v) =>
          normalRange(each?.deps.conflicts?.[name] ?? '!') === range ? [v] : [],
        );
        const versions = this.encoder.problem.set(owner.index, same);
        declaration = { owner, versions, name, id: dependencyTarget(owner.id!, name), range, facts: [] };
        this.latest.set(key, declaration);
        this.declared.push(declaration);
        for (const other of this.encoder.interned())
          declaration.facts.push(...this.between(declaration, other));
      }
      facts.push(...declaration.facts);
    }
    return facts;
  }

  /** What is known against a package, or versions of it, that just became known. */
  meet(pkg: ProblemPackage, versions: readonly number[]): number[] {
    const facts = this.sameName(pkg);
    for (const declaration of this.declared) {
      facts.push(...this.between(declaration, pkg, versions));
    }
    return facts;
  }

  private between(declaration: Declaration, other: ProblemPackage, among?: readonly number[]): number[] {
    const { owner, name, id, range } = declaration;
    if (other === owner) return [];
    const { problem } = this.encoder;
    const hit = problem.set(other.index);
    if (other.id === id) hit.set(other.list.select(range, true));
    for (const v of among ?? other.facts.keys()) {
      const offered = other.facts[v]?.deps.provides?.[name]?.version;
      if (offered === undefined || !semver.satisfies(offered, range, { includePrerelease: true })) continue;
      addVersion(hit, 0, v);
    }
    const cause = { type: 'conflict', range, target: name } as const;
    const fact = problem.fact(
      [
        [owner.index, declaration.versions],
        [other.index, hit],
      ],
      cause,
    );
    return fact < 0 ? [] : [fact];
  }

  /** Two places may offer the same name; a workspace has room for one of each kind. */
  private sameName(pkg: ProblemPackage): number[] {
    const { problem } = this.encoder;
    const kind = kindOf(pkg);
    const facts: number[] = [];
    const namesakes = this.byName.get(pkg.name) ?? [];
    if (!namesakes.includes(pkg)) this.byName.set(pkg.name, [...namesakes, pkg]);
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
