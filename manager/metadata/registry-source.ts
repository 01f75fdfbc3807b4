import { isProvError, log, ProvError } from '#base';
import type { RemoteRegistry, RemoteRepository } from '#oci';
import {
  type ClosureRoot,
  type ClosureSource,
  type FactsSource,
  type MetadataSource,
  type PackageId,
  type PackageMetadata,
  packageId,
  splitPackageId,
  type VersionFacts,
} from '#resolver';
import type { IndexDocument, IndexEntry } from '#schemas';
import { INDEX_TAG, readIndexArtifact } from '../index-document/index-artifact.js';
import { askEndpoint } from '../index-document/index-endpoint.js';
import { isBookkeepingTag, joinIndex } from '../index-document/join-index.js';
import { parseIndex } from '../index-document/parse-index.js';
import { askClosure, type Closure } from './ask-closure.js';
import { readManifestFacts } from './manifest-facts.js';
import type { MetadataCache } from './metadata-cache.js';

/** Where packages are looked up. */
export interface RegistrySourcePlace {
  registry(id: string): RemoteRegistry;
  repository(id: PackageId): RemoteRepository;
  readonly cache: MetadataCache;
  /** Whether the time that a registry says of a version counts for a minimum age. */
  readonly trustTimes?: boolean | undefined;
}

export type RegistrySource = MetadataSource & FactsSource & ClosureSource;

/**
 * Metadata of registries: the closure in one request from ours, else the index of each package (our endpoint or
 * the tag `_index`), else tags and one manifest a tried version. Tags that are not versions are ignored and
 * reported. Each thing is asked for once, however often it is wanted.
 */
export function createRegistrySource(place: RegistrySourcePlace): RegistrySource {
  const { cache } = place;
  /** Registries that have none of our endpoints. */
  const foreign = new Set<string>();
  /** Packages whose index cannot be relied upon. */
  const doubtful = new Set<PackageId>();
  const versions = new Map<PackageId, Promise<PackageMetadata | undefined>>();
  const facts = new Map<string, Promise<VersionFacts>>();
  const closures = new Map<string, Closure>();

  async function look(id: PackageId, signal?: AbortSignal): Promise<PackageMetadata | undefined> {
    const { registry, repository } = splitPackageId(id);
    const location = registry;
    if (!foreign.has(registry) && !doubtful.has(id)) {
      const document = await fromEndpoint(place.registry(registry), repository, { cache, signal });
      if (document === undefined) return undefined;
      if (document !== 'no-endpoint') return metadataOf(document, location, place.trustTimes);
      foreign.add(registry);
    }
    return fromTags(place.repository(id), { cache, location, signal });
  }

  return {
    async closure(roots, options) {
      const found = new Map<PackageId, PackageMetadata | undefined>();
      const ids = [...new Set(roots.map(({ id }) => splitPackageId(id).registry))];
      await Promise.all(
        ids.map(async (registry) => {
          if (foreign.has(registry)) return;
          const asked = closureRoots(roots, registry);
          const names = asked.map(({ repository }) => repository);
          let closure = closures.get(registry);
          if (closure === undefined || names.some((name) => !knows(closure!, name))) {
            const signal = options?.signal;
            const answer = await askClosure(place.registry(registry), asked, { cache, signal });
            if (answer === 'foreign') return void foreign.add(registry);
            closure = closure === undefined ? answer : merge(closure, answer);
            closures.set(registry, closure);
          }
          for (const repository of closure.partial) doubtful.add(packageId(registry, repository));
          const location = registry;
          for (const [repository, document] of closure.packages)
            found.set(packageId(registry, repository), metadataOf(document, location, place.trustTimes));
          // A root that is said to be missing is asked for once more, by itself: that answer is an error.
          const direct = new Set(names);
          for (const repository of closure.missing)
            if (!direct.has(repository)) found.set(packageId(registry, repository), undefined);
        }),
      );
      return found;
    },
    versions: (id, options) => once(versions, id, () => look(id, options?.signal)),
    facts: (id, version, options) =>
      once(facts, `${id}@${version}`, async () => {
        const repository = place.repository(id);
        const read = await readManifestFacts(repository, { id, version }, options?.signal);
        const bytes = Buffer.from(JSON.stringify(read));
        await cache.write({ key: factsKey(repository, version), bytes });
        return read;
      }),
  };
}

function knows({ packages, missing, partial }: Closure, name: string): boolean {
  return packages.has(name) || missing.has(name) || partial.has(name);
}

function merge(a: Closure, b: Closure): Closure {
  return {
    packages: new Map([...a.packages, ...b.packages]),
    missing: new Set([...a.missing, ...b.missing].filter((name) => !a.packages.has(name))),
    partial: new Set([...a.partial, ...b.partial]),
  };
}

/** Roots of one registry, the same question for the same requirements. */
function closureRoots(roots: readonly ClosureRoot[], registry: string) {
  const own = roots.flatMap(({ id, range }) => {
    const { registry: at, repository } = splitPackageId(id);
    return at === registry ? [{ repository, ...(range !== undefined && { range }) }] : [];
  });
  const unique = new Map(own.map((root) => [JSON.stringify(root), root]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, root]) => root);
}

export interface LookOptions {
  readonly cache: MetadataCache;
  readonly signal?: AbortSignal | undefined;
}

async function fromEndpoint(
  registry: RemoteRegistry,
  repository: string,
  { cache, signal }: LookOptions,
): Promise<IndexDocument | 'no-endpoint' | undefined> {
  const key = indexKey(registry.registry, repository);
  const kept = await cache.read(key);
  const asked = await askEndpoint(registry, repository, { etag: kept?.etag, signal });
  if (asked === 'no-endpoint') return asked;
  const { answer } = asked;
  if (answer === undefined) return undefined;
  const where = `${registry.registry}/${repository}`;
  if (answer.unchanged) return parseIndex(kept!.bytes, repository, where);
  await cache.write({ key, etag: answer.etag, bytes: Buffer.from(JSON.stringify(answer.document)) });
  return answer.document;
}

async function fromTags(
  repository: RemoteRepository,
  { cache, location, signal }: LookOptions & { readonly location: string },
): Promise<PackageMetadata | undefined> {
  const tags = await listOptional(repository, signal);
  if (tags === undefined || tags.length === 0) return undefined;
  const document = tags.includes(INDEX_TAG) ? await artifact(repository, signal) : undefined;
  const kept = { tags, ...(document !== undefined && { document }) };
  await cache.write({ key: tagsKey(repository), bytes: Buffer.from(JSON.stringify(kept)) });
  return joined(document, tags, location);
}

/** The versions that tags say there are, with what an index knows of them. */
export function joined(
  document: IndexDocument | undefined,
  tags: readonly string[],
  location: string,
): PackageMetadata {
  const { entries, unlisted } = joinIndex(document, tags);
  const ignoredTags = joinIndex(undefined, tags).otherTags.filter((tag) => !isBookkeepingTag(tag));
  return { versions: [...entries.map((entry) => entryFacts(entry)), ...unlisted], ignoredTags, location };
}

/** An index that cannot be read is as good as none. */
async function artifact(
  repository: RemoteRepository,
  signal: AbortSignal | undefined,
): Promise<IndexDocument | undefined> {
  try {
    return (await readIndexArtifact(repository, signal))?.document;
  } catch (error) {
    if (signal?.aborted || !(error instanceof ProvError)) throw error;
    log.debug('a package index cannot be used', { code: error.code, reason: error.message });
    return undefined;
  }
}

async function listOptional(
  repository: RemoteRepository,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | undefined> {
  try {
    return await repository.list({ signal });
  } catch (error) {
    if (isProvError(error, 'OCI_REFERENCE_NOT_FOUND')) return undefined;
    throw error;
  }
}

export function metadataOf(
  { entries }: IndexDocument,
  location: string,
  trustTimes?: boolean,
): PackageMetadata {
  return { versions: entries.map((entry) => entryFacts(entry, trustTimes)), location };
}

function entryFacts(entry: IndexEntry, trustTimes?: boolean): VersionFacts {
  const { version, kind, deps, digest, size, publishedAt, state, reason } = entry;
  return {
    version,
    kind,
    deps: deps as VersionFacts['deps'],
    digest,
    size,
    publishedAt,
    state,
    reason,
    fromIndex: true,
    ...(trustTimes === true && publishedAt !== undefined && { publishedAtSigned: true }),
  };
}

export function indexKey(registry: string, repository: string): string {
  return `index ${registry} ${repository}`;
}

export function tagsKey({ registry, repository }: Pick<RemoteRepository, 'registry' | 'repository'>): string {
  return `tags ${registry} ${repository}`;
}

export function factsKey(
  { registry, repository }: Pick<RemoteRepository, 'registry' | 'repository'>,
  version: string,
): string {
  return `facts ${registry} ${repository} ${version}`;
}

/** In-flight requests are shared; one that failed may be made again. */
function once<K, V>(memo: Map<K, Promise<V>>, key: K, look: () => Promise<V>): Promise<V> {
  const known = memo.get(key);
  if (known !== undefined) return known;
  const asked = look();
  memo.set(key, asked);
  asked.catch(() => memo.delete(key));
  return asked;
}
