import type { DependencyFacts, Lock, LockEdge, LockEntry } from '#schemas';
import { isActive, type WrittenDependency } from '../encode/dependency-target.js';
import { supports } from '../encode/eligibility.js';
import type { ResolutionFailure } from '../failure.js';
import type { MetadataSource, ProviderSource, VersionFacts } from '../metadata/metadata-source.js';
import { type PackageId, splitPackageId, withoutAlias } from '../package-id.js';
import type { Requirement } from '../requirement.js';
import { resolve } from '../resolve.js';
import type { ResolveOptions } from '../resolve-options.js';
import type { SolvedEdge } from '../solution.js';
import { bareName, entryFinder } from './lock-graph.js';

/** What a lock was made under, as far as it decides whether its versions go together. */
export type SolveAgainOptions = Omit<
  ResolveOptions,
  | 'requirements'
  | 'source'
  | 'platforms'
  | 'preferred'
  | 'preferredProviders'
  | 'locked'
  | 'publishedBefore'
  | 'strategy'
> & {
  readonly lock: Lock;
  /** Of which package an entry is a version. */
  readonly idOf: (entry: LockEntry) => PackageId;
  /** What the content of an entry says; undefined where it is not known, and the lock is taken at its word. */
  readonly factsOf: (entry: LockEntry) => VersionFacts | undefined;
  /** The platform on which the lock is used, whatever it says that it was made for. */
  readonly platform?: string;
  /** Where the lock is, for the text of a failure. */
  readonly location: string;
};

/** Something that the lock says of an entry, and what its content makes of it among the others. */
export interface SolutionFlaw {
  readonly entry: LockEntry;
  readonly what: string;
  readonly locked: string;
  readonly actual: string;
}

export type SolveAgainResult =
  | { readonly ok: true; readonly flaws: readonly SolutionFlaw[] }
  | { readonly ok: false; readonly failure: ResolutionFailure };

/**
 * Solves a lock again, from nothing but the versions in it: who edits edges, platforms or versions cannot edit the
 * content, and whatever no resolution could have chosen has no solution here. A provider of a capability is the
 * choice of who resolved. Ages and ranges of the workspace are not looked at.
 * @throws what `resolve` throws
 */
export async function solveAgain(options: SolveAgainOptions): Promise<SolveAgainResult> {
  const { lock, platform } = options;
  const { platforms } = lock.policy;
  const apart = lock.extensions.some((entry) => entry.platforms !== undefined);
  const rounds = apart ? platforms.map((each) => [each]) : [platforms];
  if (platform !== undefined && !platforms.some((each) => supports([platform], each)))
    rounds.push([platform]);
  const flaws = new Map<string, SolutionFlaw>();
  const idle = new Set(lock.extensions);
  for (const round of rounds) {
    const result = await solveRound(round, options);
    if (!result.ok) return result;
    for (const entry of result.reached) idle.delete(entry);
    for (const flaw of result.flaws) flaws.set(`${options.idOf(flaw.entry)} ${flaw.what}`, flaw);
  }
  for (const entry of idle)
    flaws.set(`${options.idOf(entry)}@${entry.version}`, {
      entry,
      what: 'it is',
      locked: 'a part of what is needed',
      actual: 'nothing that needs it',
    });
  return { ok: true, flaws: [...flaws.values()] };
}

type RoundResult =
  | { readonly ok: true; readonly flaws: readonly SolutionFlaw[]; readonly reached: readonly LockEntry[] }
  | { readonly ok: false; readonly failure: ResolutionFailure };

/** On platforms for which each package has one version. */
async function solveRound(platforms: readonly string[], options: SolveAgainOptions): Promise<RoundResult> {
  const { lock, idOf, factsOf, location, platform: _, ...given } = options;
  const entries = lock.extensions.filter((entry) => isActive(entry, platforms));
  const find = entryFinder(entries);
  const byId = new Map(entries.map((entry) => [idOf(entry), entry]));
  const providers = new Map<string, PackageId>();
  for (const { capability, ...edge } of entries.flatMap(({ dependencies }) => dependencies)) {
    const target = capability === undefined ? undefined : find(edge);
    if (target !== undefined) providers.set(capability!, idOf(target));
  }
  const facts = (entry: LockEntry) => factsOf(entry) ?? claimedFacts(entry, { find, idOf });
  const result = await resolve({
    ...given,
    requirements: entries.filter(isRoot).map((entry) => exactly(entry, idOf(entry), location)),
    source: sourceOf(entries, { idOf, facts, location }),
    platforms,
    preferred: new Map(entries.map((entry) => [idOf(entry), entry.version])),
    preferredProviders: providers,
    locked: true,
  });
  if (!result.ok) return result;
  const reached: LockEntry[] = [];
  const flaws: SolutionFlaw[] = [];
  for (const { id, dependencies } of result.solution.packages) {
    const entry = byId.get(id);
    if (entry === undefined) continue;
    reached.push(entry);
    const claimed = entry.dependencies
      .filter((edge) => isActive(edge, platforms))
      .map((edge) => {
        const target = find(edge);
        return { ...edge, written: writtenName(edge), id: target === undefined ? undefined : idOf(target) };
      });
    flaws.push(...edgeFlaws(entry, claimed, dependencies));
  }
  return { ok: true, flaws, reached };
}

interface ClaimedEdge extends LockEdge {
  /** As the manifest names it. */
  readonly written: string;
  readonly id: PackageId | undefined;
}

/** An optional dependency that the lock skips may be possible among its versions: others were there to choose from. */
function edgeFlaws(
  entry: LockEntry,
  claimed: readonly ClaimedEdge[],
  solved: readonly SolvedEdge[],
): SolutionFlaw[] {
  const skipped = new Set((entry.skipped ?? []).map(({ name, range }) => `${name} ${range}`));
  const names = new Set([...claimed.map(({ written }) => written), ...solved.map(({ name }) => name)]);
  return [...names].sort().flatMap((name) => {
    const said = claimed.filter(({ written }) => written === name).map(edgeText);
    const found = solved.filter((edge) => edge.name === name);
    const actual = found.map(edgeText).join(', ') || 'no dependency';
    const locked = said.join(', ') || 'no dependency';
    if (locked === actual) return [];
    if (
      said.length === 0 &&
      found.every(({ range, optional }) => optional && skipped.has(`${name} ${range}`))
    )
      return [];
    return [{ entry, what: name, locked, actual }];
  });
}

function edgeText({
  id,
  range,
  version,
  optional,
  capability,
}: Pick<SolvedEdge, 'range' | 'version' | 'capability'> & {
  readonly id: PackageId | undefined;
  readonly optional?: boolean | undefined;
}): string {
  const as = capability === undefined ? '' : ` as ${capability}`;
  return `${range} by ${id ?? 'nothing'} ${version}${as}${optional === true ? ', optional' : ''}`;
}

/** What the workspace asks for; what nobody is said to ask for, too, since a capability may have been asked for. */
function isRoot({ requiredBy }: LockEntry): boolean {
  return requiredBy.length === 0 || requiredBy.some((by) => by.startsWith('('));
}

function exactly({ kind, version }: LockEntry, id: PackageId, file: string): Requirement {
  const { registry, repository, alias } = splitPackageId(id);
  return {
    registry,
    repository,
    range: `=${version}`,
    kind,
    ...(alias !== undefined && { alias }),
    origin: { file, layer: 'lock' },
  };
}

interface Known {
  readonly idOf: (entry: LockEntry) => PackageId;
  readonly facts: (entry: LockEntry) => VersionFacts;
  readonly location: string;
}

/** A registry that holds what is locked and nothing else. */
function sourceOf(
  entries: readonly LockEntry[],
  { idOf, facts, location }: Known,
): MetadataSource & ProviderSource {
  const packages = new Map<PackageId, VersionFacts[]>();
  const offers = new Map<string, Set<PackageId>>();
  for (const entry of entries) {
    const id = withoutAlias(idOf(entry));
    const said = facts(entry);
    const versions = packages.get(id) ?? [];
    // One version under two names is one version.
    if (!versions.some(({ version }) => version === said.version)) versions.push(said);
    packages.set(id, versions);
    for (const capability in said.deps.provides)
      offers.set(capability, (offers.get(capability) ?? new Set()).add(id));
  }
  return {
    // What is a capability only is no package, not one without versions.
    versions: async (id) =>
      packages.has(id) || !offers.has(splitPackageId(id).name)
        ? { versions: packages.get(id) ?? [], location }
        : undefined,
    providers: async (capability) => [...(offers.get(capability) ?? [])].sort(),
  };
}

/** The facts that the lock itself tells of an entry. */
function claimedFacts(
  entry: LockEntry,
  {
    find,
    idOf,
  }: {
    readonly find: (edge: LockEdge) => LockEntry | undefined;
    readonly idOf: (entry: LockEntry) => PackageId;
  },
): VersionFacts {
  const { version, kind, skipped = [], provides } = entry;
  const edges = (optional: boolean): Record<string, WrittenDependency> => {
    const written: Record<string, WrittenDependency> = {};
    for (const edge of entry.dependencies.filter((each) => (each.optional === true) === optional)) {
      const name = writtenName(edge);
      const target = edge.capability === undefined ? find(edge) : undefined;
      const before = written[name];
      // One dependency is led to two versions where they are for different platforms.
      const [one, other] = [before === undefined ? [] : before.platforms, edge.platforms];
      const platforms = one && other && { platforms: [...one, ...other] };
      const { registry, namespace } = splitPackageId(idOf(target ?? entry));
      const place = target === undefined ? {} : { registry, namespace };
      written[name] = { version: edge.range, ...place, ...platforms };
    }
    return written;
  };
  const deps: DependencyFacts = {
    dependencies: edges(false),
    optional_dependencies: {
      ...Object.fromEntries(skipped.map(({ name, range }) => [name, { version: range }])),
      ...edges(true),
    },
    ...(provides && {
      provides: Object.fromEntries(
        Object.entries(provides).map(([name, offered]) => [name, { version: offered }]),
      ),
    }),
  } as DependencyFacts;
  return { version, kind, deps };
}

/** The name that the manifest uses: that of the capability where a provider serves it. */
function writtenName({ name, capability }: LockEdge): string {
  return capability ?? bareName(name);
}
