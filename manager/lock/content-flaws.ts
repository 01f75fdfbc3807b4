import { canonicalJson, type JsonValue, ProvError } from '#base';
import { annotatedFacts } from '#oci';
import { activeDependencies, dependencyTarget, entryFinder, packageId } from '#resolver';
import { isRemoteEntry, type Lock, type LockEntry, type RemoteLockEntry } from '#schemas';
import type { WholeManifest } from '../trust/whole-manifest.js';

/** Something that a lock and the manifest that it names say differently. */
export interface ContentFlaw {
  readonly what: string;
  readonly locked: string;
  readonly actual: string;
}

/**
 * Everything that the block of an extension says otherwise than the manifest it names: who edits a version, a layer
 * or a dependency in a lock, or leads it to a namesake of another namespace or registry, cannot edit the manifest,
 * whose digest is locked beside it. Looks at the platforms of the lock only.
 */
export function contentFlaws(entry: RemoteLockEntry, manifest: WholeManifest, lock: Lock): ContentFlaw[] {
  const { platforms } = lock.policy;
  const { name, kind, version, facts } = annotatedFacts(manifest.annotations);
  const claims: [string, string, string | undefined][] = [
    ['name', entry.name, name],
    ['kind', entry.kind, kind],
    ['version', entry.version, version],
    ['config', entry.config.digest, manifest.config.digest],
    ['layers', layersOf(entry.layers), layersOf(manifest.layers)],
    ['platforms', layersOf(entry.children ?? []), layersOf(manifest.children ?? [])],
  ];
  if (facts !== undefined) {
    claims.push(['dependencies', lockedEdges(entry, false), text(written(facts.dependencies, platforms))]);
    const optional = text(written(facts.optional_dependencies, platforms));
    claims.push(['optional dependencies', lockedEdges(entry, true), optional]);
    const provides = Object.entries(facts.provides ?? {}).map(([each, offer]) => [each, offer.version]);
    claims.push(['provides', text(Object.entries(entry.provides ?? {})), text(provides)]);
    for (const dependencies of [facts.dependencies, facts.optional_dependencies])
      claims.push(...leads(entry, activeDependencies(dependencies, platforms), lock));
  }
  return claims.flatMap(([what, locked, actual]) =>
    actual === undefined || actual === locked ? [] : [{ what, locked, actual }],
  );
}

/** @throws MANAGER_LOCK_EDITED naming the first flaw and how many there are. */
export function assertContent(entry: RemoteLockEntry, manifest: WholeManifest, lock: Lock): void {
  const flaws = contentFlaws(entry, manifest, lock);
  if (flaws.length === 0) return;
  const { kind, name, version } = entry;
  const list = flaws.map(({ what, locked, actual }) => `  ${what}: the lock says ${locked}; it is ${actual}`);
  throw new ProvError('MANAGER_LOCK_EDITED', {
    module: `${kind} ${name} ${version}`,
    digest: entry.manifest.digest,
    list: list.join('\n'),
    flaws,
  });
}

function layersOf(layers: readonly { readonly digest: string; readonly size: number }[]): string {
  return layers.map(({ digest, size }) => `${digest} (${size} bytes)`).join(', ');
}

/**
 * Where the lock leads each dependency, and where the manifest does. A directory of the workspace stands for any
 * extension of its name; a provider of a capability is the choice of who resolved, unless a namespace was written.
 */
function leads(
  { source, dependencies }: RemoteLockEntry,
  written: ReturnType<typeof activeDependencies>,
  { extensions }: Lock,
): [string, string, string][] {
  const owner = packageId(source.registry, source.repository);
  const find = entryFinder(extensions);
  return written.flatMap(([name, each]) => {
    const explicit = each.registry !== undefined || each.namespace !== undefined;
    const actual = dependencyTarget(owner, name, each);
    return dependencies.flatMap((edge): [string, string, string][] => {
      const { capability } = edge;
      if ((capability ?? bareName(edge.name)) !== name || (capability !== undefined && !explicit)) return [];
      const target = find(edge);
      if (target === undefined || !isRemoteEntry(target)) return [];
      return [[`${name} is`, packageId(target.source.registry, target.source.repository), actual]];
    });
  });
}

function bareName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Each dependency once, by the name that the manifest uses: that of the capability where a provider serves it. */
function lockedEdges({ dependencies, skipped = [] }: LockEntry, optional: boolean): string {
  const met = dependencies
    .filter((edge) => (edge.optional === true) === optional)
    .map(({ name, range, capability }) => [capability ?? bareName(name), range]);
  return text([...met, ...(optional ? skipped.map(({ name, range }) => [name, range]) : [])]);
}

function written(
  dependencies: Parameters<typeof activeDependencies>[0],
  platforms: readonly string[],
): string[][] {
  return activeDependencies(dependencies, platforms).map(([name, { version }]) => [name, version]);
}

function text(pairs: readonly (readonly (string | undefined)[])[]): string {
  const unique = new Set(pairs.map((pair) => canonicalJson(pair as JsonValue)));
  return (
    [...unique]
      .sort()
      .map((pair) => (JSON.parse(pair) as string[]).join(' '))
      .join(', ') || 'none'
  );
}
