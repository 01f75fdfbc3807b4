import semver from 'semver';
import type { PackageId } from '../package-id.js';
import { packageId } from '../package-id.js';
import type { Cause } from '../proof/cause.js';
import type { Proof } from '../proof/proof.js';
import type { Constraint, Requirement } from '../requirement.js';
import type { ResolveOptions } from '../resolve-options.js';
import { type Change, subjectOf } from './change.js';

/** Versions that are tried one by one where only an exact one will do (yanked ones). */
const EXACT_TRIES = 2;

/** Packages that there are, by one that there is not: repositories of the same registry with names like its. */
export type SimilarNames = ReadonlyMap<PackageId, readonly string[]>;

/**
 * The changes that could undo a proof, each as wide as it may be: whatever makes a solution possible changes
 * one of the facts of every proof, so that no other change needs to be tried.
 */
export function relaxationsOf(
  proof: Proof,
  options: ResolveOptions,
  similar: SimilarNames = new Map(),
): Change[] {
  const changes = new Map<string, Change>();
  const add = (change: Change): void => {
    const what = 'range' in change ? change.range : change.type === 'rename' ? change.repository : '';
    const key = `${change.type} ${subjectOf(change)} ${what}`;
    if (!changes.has(key)) changes.set(key, change);
  };
  const asksFor = (id: PackageId): Requirement[] =>
    options.requirements.filter((each) => packageId(each.registry, each.repository) === id);
  const overridden = new Set(
    (options.overrides ?? []).map((each) => packageId(each.registry, each.repository)),
  );
  /** Exactly this version, by the requirement when there is one. */
  const exactly = (id: PackageId, name: string, version: string): void => {
    const [own] = asksFor(id);
    if (own === undefined || overridden.has(id)) add({ type: 'override', id, name, range: version });
    else add({ type: 'require', requirement: own, range: version });
  };
  for (const { cause, terms } of proof.facts) {
    const about = terms[0] === undefined ? undefined : proof.packages[terms[0].package];
    switch (cause.type) {
      case 'requirement':
        for (const requirement of asksFor(cause.id)) {
          if (requirement.origin.file !== cause.origin.file || requirement.origin.line !== cause.origin.line)
            continue;
          const exists = cause.available === undefined || cause.available.versions.length > 0;
          for (const repository of exists ? [] : (similar.get(cause.id) ?? []))
            add({ type: 'rename', requirement, repository });
          if (cause.overridden === undefined && requirement.range !== '*' && exists)
            add({ type: 'require', requirement, range: '*' });
          if (options.requirements.length > 1) add({ type: 'drop', requirement });
        }
        if (cause.overridden !== undefined)
          add({ type: 'override', id: cause.id, name: cause.target, range: cause.overridden.range });
        break;
      case 'dependency':
        if (cause.overridden !== undefined)
          add({ type: 'override', id: cause.id, name: cause.target, range: cause.overridden.range });
        if (cause.available === undefined || cause.available.versions.length > 0)
          add({ type: 'override', id: cause.id, name: cause.target, range: '*' });
        break;
      case 'yanked':
        if (about?.id !== undefined)
          for (const v of terms[0]!.versions.slice(-EXACT_TRIES))
            exactly(about.id, about.name, about.versions[v]!);
        break;
      case 'platform':
        if ((options.platforms ?? []).length > 1) add({ type: 'platform', platform: cause.platform });
        break;
      case 'compatibility': {
        const lowest = semver.minVersion(cause.needs);
        if (lowest !== null) add({ type: 'prov', version: lowest.version });
        break;
      }
      case 'prerelease':
        add({ type: 'prerelease' });
        break;
      case 'too-new':
      case 'age-unknown':
        if (about?.id !== undefined) add({ type: 'age-exempt', id: about.id, name: about.name });
        add({ type: 'age' });
        break;
      case 'locked':
        if (about?.id !== undefined) add({ type: 'unlock', id: about.id, name: about.name });
        break;
      case 'no-fallback':
        if (about?.id !== undefined && cause.alternative?.version !== undefined)
          exactly(about.id, about.name, cause.alternative.version);
        break;
      case 'constraint':
        for (const constraint of (options.constraints ?? []).filter((each) => isBehind(each, cause, about)))
          add({ type: 'unconstrain', constraint });
        break;
      default:
        break;
    }
  }
  const hidden = proof.packages.some(({ versions }) => versions.some((version) => version.includes('-')));
  const listed = proof.facts.some(
    ({ cause }) => 'available' in cause && cause.available?.versions.some((version) => version.includes('-')),
  );
  if ((hidden || listed) && options.prerelease !== 'allow') add({ type: 'prerelease' });
  return [...changes.values()];
}

/** Whether a constraint of the user is the one that a fact tells of. */
function isBehind(
  { registry, repository, range, origin }: Constraint,
  cause: Extract<Cause, { type: 'constraint' }>,
  about: Proof['packages'][number] | undefined,
): boolean {
  return (
    packageId(registry, repository) === about?.id &&
    range === cause.range &&
    origin.file === cause.origin?.file &&
    origin.line === cause.origin.line
  );
}
