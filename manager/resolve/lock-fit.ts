import { relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Digest } from '#base';
import { entryFinder, lockInconsistencies, type PackageId, packageId, sourceOf } from '#resolver';
import {
  contentDigestOf,
  inputsDigest,
  isLocalEntry,
  type Lock,
  type LockEdge,
  type LockEntry,
  parseRange,
  rangeCovers,
  satisfies,
} from '#schemas';
import type { ConfigOrigin, Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import { type WorkspacePolicy, workspacePolicy } from '../trust/workspace-policy.js';
import { firstRegistryId } from './first-registry-id.js';
import { localPath, localTrees } from './local-packages.js';
import { ageLimitNow } from './minimum-age.js';
import { providerSources, providersOf } from './policy-options.js';

/** A digest of the normalised requirements per file that holds some. Neither ports nor comments are in it. */
export function lockInputs(workspace: Workspace): Lock['inputs'] {
  const bySource = new Map<string, unknown[]>();
  for (const requirement of workspace.requirements) {
    const { origin, kind, name, range, registry, repository, path, digest, alias } = requirement;
    const source = origin.file === undefined ? origin.layer : relative(workspace.root, origin.file);
    bySource.set(source, [
      ...(bySource.get(source) ?? []),
      {
        kind,
        name,
        range,
        registry,
        repository,
        path,
        ...(digest === undefined ? {} : { digest }),
        ...(alias === undefined ? {} : { alias }),
      },
    ]);
  }
  const overrides = workspace.resolution.overrides;
  const inputs = [...bySource].map(([source, requirements]) => [source, inputsDigest(requirements)] as const);
  return Object.fromEntries([
    ...inputs,
    ...(overrides === undefined ? [] : [['overrides', inputsDigest(overrides)] as const]),
  ]);
}

/** What a lock is held against. */
export interface FitPlace {
  readonly workspace: Workspace;
  readonly policy: WorkspacePolicy;
  readonly env: NodeJS.ProcessEnv;
  /** Digests of the directories that the lock names, as they are now; undefined for what is gone. */
  readonly trees: ReadonlyMap<string, Digest | undefined>;
}

/** What there is to hold `lock` against, directories that it names included. @throws TRUST_* for a policy file */
export async function fitPlace(
  workspace: Workspace,
  lock: Lock | undefined,
  { env, signal }: ManagerContext,
): Promise<FitPlace> {
  const policy = await workspacePolicy(workspace, { env });
  return { workspace, policy, env, trees: await localTrees(workspace, lock, signal) };
}

/**
 * Whether resolving again would write the same: the requirements are, digest for digest, those that the lock was
 * made from, and it fits them.
 */
export function isCurrent(lock: Lock, place: FitPlace): boolean {
  return (
    isDeepStrictEqual(lock.inputs, lockInputs(place.workspace)) && lockDifferences(lock, place).length === 0
  );
}

/**
 * Everything by which a lock does not fit its workspace, or contradicts itself, each with the place that says
 * otherwise; empty when resolving again would choose the same. Equal digests of the inputs prove nothing: who
 * edits the lock leaves them as they are. A requirement that was only written differently is no difference.
 */
export function lockDifferences(lock: Lock, place: FitPlace): readonly string[] {
  return [
    ...requirementDifferences(lock, place.workspace),
    ...lockContradictions(lock, place),
    ...policyDifferences(lock, place),
  ];
}

/** Those of them that are none of today's requirements: a lock that contradicts itself, and directories in it. */
export function lockContradictions(lock: Lock, place: FitPlace): readonly string[] {
  const { workspace } = place;
  const overrides = overrideRanges(workspace);
  const overrideOf = (target: LockEntry, { capability }: LockEdge) =>
    overrides.get(capability === undefined ? entryId(target) : firstRegistryId(workspace, capability));
  const isOverridden = (target: LockEntry, edge: LockEdge) => overrideOf(target, edge) !== undefined;
  return [
    ...strayDirectories(lock, workspace),
    ...overriddenCapabilities(lock, overrideOf),
    ...unwanted(lock, workspace),
    ...lockInconsistencies(lock, { isOverridden }),
    ...treeDifferences(lock, place),
  ];
}

/** What constraints, advisories and the choice of providers do not let be in a lock. */
function unwanted({ extensions }: Lock, workspace: Workspace): string[] {
  const { constraints = {}, advisories = [] } = workspace.resolution;
  const entriesOf = (name: string) =>
    extensions.filter(
      (entry) => entryId({ ...entry, alias: undefined }) === firstRegistryId(workspace, name),
    );
  const find = entryFinder(extensions);
  const chosen = providersOf(workspace, 'providers');
  const sources = providerSources(workspace);
  const providers = new Map<string, Set<PackageId>>();
  for (const edge of extensions.flatMap(({ dependencies }) => dependencies)) {
    const target = edge.capability === undefined ? undefined : find(edge);
    if (target === undefined) continue;
    const known = providers.get(edge.capability!) ?? new Set();
    providers.set(edge.capability!, known.add(entryId(target)));
  }
  return [
    ...Object.entries(constraints).flatMap(([name, range]) =>
      entriesOf(name)
        .filter(({ version }) => !rangeCovers(parseRange(range), version))
        .map(({ version }) => `resolution.constraints says ${name} ${range}; the lock holds ${version}`),
    ),
    ...advisories.flatMap(({ extension, range, id }) =>
      entriesOf(extension)
        .filter(({ version }) => rangeCovers(parseRange(range), version))
        .map(({ version }) => `${id} is about ${extension} ${range}; the lock holds ${version}`),
    ),
    ...[...providers].flatMap(([capability, ids]) =>
      [...ids].flatMap((id) => {
        const wanted = chosen.get(capability);
        if (wanted !== undefined && wanted !== id)
          return [`resolution.providers says that ${wanted} serves ${capability}; in the lock ${id} does`];
        const source = sourceOf(id);
        return id.startsWith('path:') || sources === undefined || sources.includes(source)
          ? []
          : [`${id} serves ${capability}; resolution.provider_sources does not name ${source}`];
      }),
    ),
  ];
}

function strayDirectories({ extensions }: Lock, workspace: Workspace): string[] {
  const paths = new Set(
    workspace.requirements.flatMap(({ path }) => (path === undefined ? [] : [localPath(workspace, path)])),
  );
  return extensions
    .filter(isLocalEntry)
    .filter(({ source }) => !paths.has(source.path))
    .map(
      ({ kind, name, source }) =>
        `the lock takes ${kind} ${name} from ${source.path}, which no requirement names`,
    );
}

function policyDifferences(lock: Lock, { workspace, policy, env }: FitPlace): string[] {
  const { strategy, prerelease, platforms, publishedBefore, ageSource, trustPolicy } = lock.policy;
  const wanted = workspace.resolution;
  const out: string[] = [];
  if (strategy !== wanted.strategy)
    out.push(`it was made with the strategy ${strategy}, not ${wanted.strategy}`);
  if (prerelease !== wanted.prerelease)
    out.push(`it was made with prerelease: ${prerelease}, not ${wanted.prerelease}`);
  if (wanted.platforms && !isDeepStrictEqual([...platforms].sort(), [...wanted.platforms].sort()))
    out.push(`it was made for ${platforms.join(', ')}, not ${wanted.platforms.join(', ')}`);
  if (wanted.min_age !== undefined) {
    if (publishedBefore === undefined) out.push(`it was made without the minimum age of ${wanted.min_age}`);
    else out.push(...tooYoung(lock, wanted.min_age, { workspace, env }));
    if (ageSource === 'registry' && wanted.age_source !== 'registry')
      out.push('it was made with times of publication that nobody signed');
  }
  if (trustPolicy !== policy.digest) out.push('the trust policy changed since it was written');
  return out;
}

function treeDifferences({ extensions }: Lock, { trees }: FitPlace): string[] {
  return extensions.filter(isLocalEntry).flatMap(({ kind, name, source: { path, tree } }) => {
    const actual = trees.get(path);
    if (actual === tree) return [];
    return [`${path} (${kind} ${name}) ${actual === undefined ? 'is gone' : 'changed since it was locked'}`];
  });
}

/** As time goes by the same age allows more: what was old enough once stays so, unless the age became stricter. */
function tooYoung(
  { extensions }: Lock,
  minAge: string,
  { workspace, env }: Pick<FitPlace, 'workspace' | 'env'>,
): string[] {
  const exempt = new Set(
    (workspace.resolution.min_age_exempt ?? []).map((name) => firstRegistryId(workspace, name)),
  );
  const limit = ageLimitNow(minAge, env);
  return extensions.flatMap((entry) => {
    const { name, version, publishedAt, source } = entry;
    if ('path' in source || exempt.has(entryId(entry))) return [];
    if (publishedAt !== undefined && Date.parse(publishedAt) <= Date.parse(limit)) return [];
    const published = publishedAt === undefined ? 'at a time that nobody signed' : publishedAt;
    return [
      `${name} ${version} was published ${published}; the minimum age of ${minAge} allows what is older than ${limit}`,
    ];
  });
}

function requirementDifferences(lock: Lock, workspace: Workspace): string[] {
  const { requirements, resolution } = workspace;
  const overrides = overrideRanges(workspace);
  const accepts = (range: string, version: string) =>
    resolution.prerelease === 'allow' || resolution.prerelease === 'if-only'
      ? rangeCovers(range, version)
      : satisfies(version, range);
  const byId = new Map<string, LockEntry[]>();
  for (const entry of lock.extensions) byId.set(entryId(entry), [...(byId.get(entryId(entry)) ?? []), entry]);
  const find = entryFinder(lock.extensions);
  const out: string[] = [];
  const reached = new Set<LockEntry>();
  for (const { registry, repository, path, kind, name, range, digest, alias, origin } of requirements) {
    const id: PackageId =
      path === undefined ? packageId(registry!, repository!, alias) : `path:${localPath(workspace, path)}`;
    const entries = byId.get(id) ?? [];
    const wanted = overrides.get(id) ?? range;
    const asks = `${place(workspace, origin)} asks for ${kind} ${name} ${wanted}${alias === undefined ? '' : ` as ${alias}`}`;
    if (entries.length === 0) out.push(`${asks}; the lock does not hold it`);
    // More than one only where no version fits all platforms.
    for (const entry of entries) {
      if (entry.kind !== kind) out.push(`${asks}; the lock holds a ${entry.kind}`);
      else if (!accepts(wanted, entry.version)) out.push(`${asks}; the lock holds ${entry.version}`);
      else if (digest !== undefined && digest !== contentDigestOf(entry))
        out.push(`${asks} with ${digest}; the lock holds ${contentDigestOf(entry)}`);
      reach(entry);
    }
  }
  for (const entry of lock.extensions) {
    const range = overrides.get(entryId(entry));
    if (!reached.has(entry))
      out.push(`nothing asks for ${entry.kind} ${entry.name} ${entry.version} any more`);
    else if (range !== undefined && !accepts(range, entry.version))
      out.push(`resolution.overrides says ${entry.name} ${range}; the lock holds ${entry.version}`);
  }
  return out;

  function reach(entry: LockEntry): void {
    const open = [entry];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      for (const edge of next.dependencies) {
        const target = find(edge);
        if (target !== undefined) open.push(target);
      }
    }
  }
}

/** Capabilities that the lock serves in a version other than an override says. */
function overriddenCapabilities(
  { extensions }: Lock,
  overrideOf: (target: LockEntry, edge: LockEdge) => string | undefined,
): ReadonlySet<string> {
  const find = entryFinder(extensions);
  const out = new Set<string>();
  for (const edge of extensions.flatMap(({ dependencies }) => dependencies)) {
    const target = edge.capability === undefined ? undefined : find(edge);
    const served = target?.provides?.[edge.capability!];
    if (target === undefined || served === undefined) continue;
    const range = overrideOf(target, edge);
    if (range !== undefined && !satisfies(served, range))
      out.add(`resolution.overrides says ${edge.capability} ${range}; the lock holds ${served}`);
  }
  return out;
}

function entryId({ source, alias }: LockEntry): PackageId {
  return 'repository' in source
    ? packageId(source.registry, source.repository, alias)
    : `path:${source.path}`;
}

function overrideRanges(workspace: Workspace): ReadonlyMap<PackageId, string> {
  return new Map(
    Object.entries(workspace.resolution.overrides ?? {}).map(([name, range]) => [
      firstRegistryId(workspace, name),
      parseRange(range),
    ]),
  );
}

function place({ root }: Workspace, { file, line, layer }: ConfigOrigin): string {
  const where = file === undefined ? layer : relative(root, file);
  return line === undefined ? where : `${where}:${line}`;
}
