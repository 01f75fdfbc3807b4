import { type Digest, ProvError } from '#base';
import type { Lock, LockEdge, LockEntry } from '#schemas';
import { type PackageId, splitPackageId } from '../package-id.js';
import type { Solution, SolvedPackage } from '../solution.js';
import { compareText } from './lock-graph.js';
import type { PackageContent } from './package-content.js';

export interface LockInputs {
  /** Digest of the normalised requirements, per source of requirements. */
  readonly inputs: Lock['inputs'];
  readonly trustPolicy?: Digest;
  /** Whose times of publication satisfied an age, when nobody signed them. */
  readonly ageSource?: 'registry';
}

/** The key of a package's content: there may be two versions of it, for different platforms. */
export function contentKey({ id, version }: Pick<SolvedPackage, 'id' | 'version'>): string {
  return `${id}@${version}`;
}

/**
 * The lock of a solution: the same bytes for the same inputs, with nothing of this machine in it.
 * @throws RESOLVER_CONTENT_MISSING when `contents` lacks a package of the solution.
 */
export function solutionToLock(
  solution: Solution,
  contents: ReadonlyMap<string, PackageContent>,
  { inputs, trustPolicy, ageSource }: LockInputs,
): Lock {
  const { publishedBefore, ...policy } = solution.policy;
  const edgeName = edgeNames(solution);
  const capabilities = Object.entries(solution.capabilities);
  return {
    lockVersion: 1,
    inputs,
    policy: {
      ...policy,
      platforms: [...policy.platforms].sort(),
      ...(publishedBefore !== undefined && { publishedBefore, ...(ageSource && { ageSource }) }),
      ...(trustPolicy !== undefined && { trustPolicy }),
    },
    ...(capabilities.length > 0 && { capabilities: Object.fromEntries(capabilities) }),
    extensions: solution.packages
      .map((solved) => {
        const content = contents.get(contentKey(solved));
        if (content === undefined) throw new ProvError('RESOLVER_CONTENT_MISSING', { id: solved.id });
        return lockEntry(solved, { content, edgeName, ageSource });
      })
      .sort((a, b) => compareText(keyOf(a), keyOf(b))),
  };
}

function lockEntry(
  solved: SolvedPackage,
  {
    content,
    edgeName,
    ageSource,
  }: {
    readonly content: PackageContent;
    readonly edgeName: (target: PackageId) => string;
    readonly ageSource: LockInputs['ageSource'];
  },
): LockEntry {
  const { facts } = solved;
  const provides = Object.entries(facts.deps.provides ?? {}).map(
    ([name, offer]) => [name, offer.version] as const,
  );
  return {
    kind: solved.kind,
    name: solved.name,
    version: solved.version,
    ...(solved.alias !== undefined && { alias: solved.alias }),
    ...(solved.platforms !== undefined && { platforms: [...solved.platforms] }),
    ...placeOf(solved, content),
    dependencies: solved.dependencies
      .map((edge): LockEdge => {
        return {
          name: edgeName(edge.id),
          range: edge.range,
          version: edge.version,
          ...(edge.optional && { optional: true }),
          ...(edge.capability !== undefined && { capability: edge.capability }),
          ...(edge.platforms !== undefined && { platforms: [...edge.platforms] }),
        };
      })
      .sort((a, b) => compareText(a.name, b.name) || compareText(a.version, b.version)),
    ...(solved.skipped.length > 0 && {
      skipped: solved.skipped.map(({ name, range, reason }) => ({ name, range, reason })),
    }),
    requiredBy: [...solved.requiredBy],
    ...(provides.length > 0 && { provides: Object.fromEntries(provides) }),
    ...publishedAt(solved, content, ageSource),
    ...(facts.state !== undefined && facts.state !== 'active' && { state: facts.state }),
  };
}

/** A time that nobody signed is only what one registry says; another one, or a mirror, says another. */
function publishedAt(
  { facts }: SolvedPackage,
  content: PackageContent,
  ageSource: LockInputs['ageSource'],
): Pick<LockEntry, 'publishedAt'> {
  const signed = 'path' in content ? undefined : content.publishedAt;
  const said = ageSource === 'registry' && facts.publishedAtSigned === true ? facts.publishedAt : undefined;
  const time = signed ?? said;
  return time === undefined ? {} : { publishedAt: time };
}

function placeOf(
  { registry, repository }: SolvedPackage,
  content: PackageContent,
): Pick<LockEntry, 'source' | 'layers'> {
  if ('path' in content) return { source: content, layers: [] };
  const { host, publishedAt: _, ...described } = content;
  return { source: { registry, repository, ...(host !== undefined && { host }) }, ...described };
}

/** The order of `formatLock`. */
function keyOf({ kind, name, version, alias }: LockEntry): string {
  return `${kind}/${name}/${version}${alias === undefined ? '' : `\0${alias}`}`;
}

/** What edges call a package: its name, its repository where two have that name, its id where two have that, too. */
function edgeNames(solution: Solution): (target: PackageId) => string {
  const taken = new Map<string, number>();
  // No edge leads to what was given a name of its own. Two of one id are for different platforms.
  const ids = new Set(solution.packages.flatMap(({ id, alias }) => (alias === undefined ? [id] : [])));
  for (const id of ids) for (const name of namesOf(id)) taken.set(name, (taken.get(name) ?? 0) + 1);
  return (target) => namesOf(target).find((name) => (taken.get(name) ?? 0) < 2) ?? target;
}

function namesOf(id: PackageId): readonly string[] {
  const { name, repository } = splitPackageId(id);
  return [name, repository];
}
