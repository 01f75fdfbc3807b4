import * as z from 'zod';
import { ProvError } from '#base';
import type { RemoteRegistry } from '#oci';
import { isRange, type Kind, satisfies, searchScore, splitRepository } from '#schemas';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { readIndex } from '../index-document/read-index.js';
import { type PackageVersions, packageIn } from './read-package.js';

/** Repositories looked into where the registry has no catalogue of extensions. */
export const MAX_REPOSITORIES = 500;
/** Pages of 1,000 extensions. */
const MAX_PAGES = 100;
const CONCURRENCY = 8;

export interface FindOptions {
  readonly registry: string;
  /** Only this namespace; absent: all. */
  readonly namespace?: string | undefined;
  readonly kind?: Kind | undefined;
  /** Plain words and globs; absent: everything. */
  readonly query?: string | undefined;
}

export interface FoundExtension {
  readonly name: string;
  readonly registry: string;
  readonly namespace: string;
  /** `registry/namespace/name:latest version` */
  readonly reference: string;
  readonly kind?: string;
  readonly version: string;
  readonly versions: number;
  readonly state: string;
  readonly description?: string;
}

export interface FindResult {
  readonly extensions: readonly FoundExtension[];
  /** `catalogue`: the registry keeps one; `indexes`: put together from the list of repositories and their indexes. */
  readonly from: 'catalogue' | 'indexes';
  /** What could not be looked into, and why. */
  readonly unsearched: readonly { readonly repository: string; readonly reason: string }[];
}

/**
 * The extensions of a registry, by name or by how well they fit the query. Ours answer themselves; elsewhere the list
 * of repositories and their indexes are read, and descriptions are not searched.
 * @throws MANAGER_CATALOGUE_UNAVAILABLE when the registry does not list its repositories; OCI_AUTH_REQUIRED
 */
export async function findExtensions(options: FindOptions, context: ManagerContext): Promise<FindResult> {
  return withRegistries(context, async (registries) => {
    const registry = registries.open(options.registry);
    const own = await askCatalogue(registry, options, context.signal);
    return own === undefined
      ? searchIndexes(registry, options, context)
      : { extensions: own, from: 'catalogue', unsearched: [] };
  });
}

const answerSchema = z.looseObject({
  ok: z.literal(true),
  data: z.looseObject({
    extensions: z.array(
      z.looseObject({
        namespace: z.string(),
        name: z.string(),
        kind: z.string(),
        version: z.string(),
        versions: z.int(),
        description: z.string(),
        state: z.string().default('active'),
      }),
    ),
    next: z.string().optional(),
  }),
});

async function askCatalogue(
  registry: RemoteRegistry,
  { namespace, kind, query }: FindOptions,
  signal: AbortSignal | undefined,
): Promise<FoundExtension[] | undefined> {
  const found: FoundExtension[] = [];
  let last: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const parameters = new URLSearchParams({
      ...(query === undefined ? {} : { q: query }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(kind === undefined ? {} : { kind }),
      ...(last === undefined ? {} : { last }),
    });
    const path = `/api/v1/${query === undefined ? 'extensions' : 'search'}?${parameters}`;
    const answer = await registry.document(path, { accept: 'application/json', signal });
    if (answer.status !== 200 || answer.mediaType !== 'application/json') return undefined;
    const { data } = answerSchema.safeParse(jsonOf(answer.bytes));
    if (data === undefined) return undefined;
    for (const each of data.data.extensions)
      found.push(row(registry.registry, { ...each, repository: join(each.namespace, each.name) }));
    last = data.data.next;
    if (last === undefined) break;
  }
  return found;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

async function searchIndexes(
  registry: RemoteRegistry,
  options: FindOptions,
  context: ManagerContext,
): Promise<FindResult> {
  const { signal } = context;
  const names = (await catalogueOf(registry, signal)).filter((name) => inNamespace(name, options.namespace));
  const unsearched = names.slice(MAX_REPOSITORIES).map((repository) => ({
    repository,
    reason: `only ${MAX_REPOSITORIES} repositories are looked into`,
  }));
  const open = names.slice(0, MAX_REPOSITORIES);
  const found: { readonly extension: FoundExtension; readonly score: number }[] = [];
  const worker = async () => {
    for (let repository = open.shift(); repository !== undefined; repository = open.shift()) {
      try {
        const seen = await packageIn(registry, repository, context);
        const extension = newest(registry.registry, repository, seen);
        if (extension === undefined) {
          unsearched.push({ repository, reason: seen.warnings[0] ?? 'it holds no extension' });
          continue;
        }
        if (options.kind !== undefined && extension.kind !== options.kind) continue;
        const score = searchScore(options.query ?? '', { ...extension, kind: extension.kind ?? '' });
        if (score > 0) found.push({ extension, score });
      } catch (error) {
        if (signal?.aborted || !(error instanceof ProvError)) throw error;
        unsearched.push({ repository, reason: error.message });
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const extensions = found
    .sort((a, b) => b.score - a.score || (a.extension.reference < b.extension.reference ? -1 : 1))
    .map(({ extension }) => extension);
  unsearched.sort((a, b) => (a.repository < b.repository ? -1 : 1));
  return { extensions, from: 'indexes', unsearched };
}

async function catalogueOf(registry: RemoteRegistry, signal: AbortSignal | undefined) {
  try {
    return await registry.catalog({ signal });
  } catch (error) {
    if (signal?.aborted || !(error instanceof ProvError) || !REFUSALS.includes(error.code)) throw error;
    // Some keep only the catalogue from everybody; where nothing is answered, signing in is what is missing.
    await registry.ping(signal);
    throw new ProvError(
      'MANAGER_CATALOGUE_UNAVAILABLE',
      { registry: registry.registry, reason: error.message },
      { cause: error },
    );
  }
}

const REFUSALS: readonly string[] = ['OCI_REMOTE_REFUSED', 'OCI_REMOTE_ANSWER_INVALID', 'OCI_AUTH_REQUIRED'];

function inNamespace(repository: string, namespace: string | undefined): boolean {
  return namespace === undefined || splitRepository(repository).namespace === namespace;
}

function newest(
  registry: string,
  repository: string,
  { versions }: PackageVersions,
): FoundExtension | undefined {
  const known = versions.filter(({ kind }) => kind !== undefined);
  const usable = known.filter(({ state }) => state !== 'yanked' && state !== 'revoked');
  const best =
    usable.find(({ version }) => !version.replace(/\+.*$/, '').includes('-')) ?? usable[0] ?? known[0];
  if (best === undefined) return undefined;
  const { kind = '', version, state = 'active' } = best;
  const { namespace, name } = splitRepository(repository);
  return row(registry, { repository, namespace, name, kind, version, versions: versions.length, state });
}

interface Summary {
  readonly repository: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly version: string;
  readonly versions: number;
  readonly state: string;
  readonly description?: string;
}

function row(registry: string, summary: Summary): FoundExtension {
  const { repository, namespace, name, kind, version, versions, state, description } = summary;
  return {
    name,
    registry,
    namespace,
    reference: `${registry}/${repository}:${version.replaceAll('+', '_')}`,
    kind,
    version,
    versions,
    state,
    ...(description === undefined ? {} : { description }),
  };
}

function join(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** Extensions of the same registry that ask for this version, as far as its catalogue tells. */
export async function dependentsOf(
  registry: RemoteRegistry,
  repository: string,
  { version, signal }: { readonly version: string; readonly signal?: AbortSignal | undefined },
): Promise<readonly string[]> {
  const all = await askCatalogue(registry, { registry: registry.registry }, signal);
  const { namespace, name } = splitRepository(repository);
  const open = (all ?? []).slice(0, MAX_REPOSITORIES).map((each) => join(each.namespace, each.name));
  const found: string[] = [];
  const worker = async () => {
    for (let other = open.shift(); other !== undefined; other = open.shift()) {
      const answer = await readIndex(registry, other, { signal });
      const entries = answer?.unchanged === false ? answer.document.entries : [];
      const own = splitRepository(other).namespace;
      for (const { version: dependent, deps } of entries) {
        const wanted = deps.dependencies?.[name];
        if (wanted === undefined || (wanted.namespace ?? own) !== namespace) continue;
        if (satisfiesSafely(version, wanted.version)) found.push(`${other}:${dependent}`);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return found.sort();
}

function satisfiesSafely(version: string, range: string): boolean {
  return isRange(range) && satisfies(version, range);
}
