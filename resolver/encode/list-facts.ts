import semver from 'semver';
import type { Cause } from '../proof/cause.js';
import { hasVersion } from '../solver/version-set.js';
import { type Policy, prereleasePolicy } from './policy.js';
import type { Problem, ProblemPackage } from './problem.js';

/** Facts about a package that its list of versions is enough for: constraints, advisories, what is locked. */
export function listFacts(problem: Problem, pkg: ProblemPackage, policy: Policy): number[] {
  const id = pkg.id!;
  const facts: number[] = [];
  const forbid = (versions: readonly number[], cause: Cause): void => {
    if (versions.length === 0) return;
    facts.push(problem.fact([[pkg.index, problem.set(pkg.index, versions)]], cause));
  };
  const { list } = pkg;
  const where = (test: (version: number) => boolean): number[] => [...list.versions.keys()].filter(test);
  for (const { range, origin } of policy.constraints.get(id) ?? []) {
    const allowed = list.select(range, true);
    forbid(
      where((v) => !hasVersion(allowed, 0, v)),
      { type: 'constraint', range, target: pkg.name, origin },
    );
  }
  for (const { range, advisory } of policy.advisories.get(id) ?? []) {
    const affected = list.select(range, true);
    forbid(
      where((v) => hasVersion(affected, 0, v)),
      { type: 'advisory', range, advisory },
    );
  }
  if (prereleasePolicy(policy, id) === 'never' && list.hasPrereleases()) {
    const named = policy.pinned.get(id);
    forbid(
      where((v) => semver.prerelease(list.versions[v]!) !== null && named?.has(list.versions[v]!) !== true),
      { type: 'prerelease' },
    );
  }
  const version = policy.preferred.get(id);
  if (policy.locked && version !== undefined)
    forbid(
      where((v) => list.versions[v] !== version),
      { type: 'locked', version },
    );
  return facts.filter((fact) => fact >= 0);
}
