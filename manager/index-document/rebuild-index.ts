import { ProvError } from '#base';
import type { RemoteReference } from '#schemas';
import { compareVersions, type IndexDocument, type IndexEntry } from '#schemas';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { describeVersion } from './describe-version.js';
import { readIndexArtifact, replaceIndexArtifact } from './index-artifact.js';
import { askEndpoint } from './index-endpoint.js';
import { joinIndex } from './join-index.js';
import { INDEX_TRIES, sameEntries } from './update-index.js';

/** Versions read at the same time. */
const CONCURRENCY = 8;

export interface RebuildIndexResult {
  readonly repository: string;
  /** `endpoint`: the registry keeps its index itself, and nothing was written. */
  readonly by: 'endpoint' | 'artifact';
  readonly versions: number;
  /** Entries that the index lacked, and those whose version is gone. */
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  /** Tags of versions that are no extensions or cannot be read. */
  readonly skipped: readonly { readonly version: string; readonly reason: string }[];
  readonly changed: boolean;
}

/**
 * Writes the index of a package anew from its tags and manifests. Times of publication are kept from the old one:
 * nothing else knows them. What the registry does not give is no reason to drop it: then nothing is written.
 * @throws MANAGER_PACKAGE_UNKNOWN, MANAGER_INDEX_CONTESTED, OCI_REMOTE_*, OCI_AUTH_*
 */
export async function rebuildIndex(
  reference: RemoteReference,
  context: ManagerContext,
): Promise<RebuildIndexResult> {
  const { signal, provVersion } = context;
  const { registry: host, repository } = reference;
  return withRegistries(context, async (registries) => {
    const registry = registries.open(host);
    const store = registry.repository(repository);
    const tags = await store.list({ signal });
    if (tags.length === 0) throw new ProvError('MANAGER_PACKAGE_UNKNOWN', { repository: store.label });
    const nothing = { repository: store.label, added: [], dropped: [], skipped: [], changed: false };
    if ((await askEndpoint(registry, repository, { signal })) !== 'no-endpoint')
      return { ...nothing, by: 'endpoint', versions: joinIndex(undefined, tags).unlisted.length };
    const skipped: { version: string; reason: string }[] = [];
    const described: IndexEntry[] = [];
    const versions = [...joinIndex(undefined, tags).unlisted];
    const worker = async () => {
      for (let version = versions.pop(); version !== undefined; version = versions.pop()) {
        try {
          described.push(await describeVersion(store, version, { repository, provVersion, signal }));
        } catch (error) {
          if (signal?.aborted || !saysContentIsWrong(error)) throw error;
          skipped.push({ version, reason: error.message });
        }
        context.onEvent?.({ event: 'index', message: `read ${store.label}:${version}`, version });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    for (let tries = 0; tries < INDEX_TRIES; tries += 1) {
      const state = await store.readTag('_index', { signal });
      const before = await readIndexArtifact(store, signal).catch((error: unknown) => {
        if (signal?.aborted || !saysContentIsWrong(error)) throw error;
        return undefined;
      });
      const known = before?.document.entries ?? [];
      const entries = described
        .map((entry) => dated(entry, known))
        .sort((a, b) => compareVersions(a.version, b.version));
      const document: IndexDocument = { v: 1, repository, entries };
      const changed = !sameEntries(known, entries);
      if (changed && !(await replaceIndexArtifact(store, document, state, signal))) continue;
      return {
        repository: store.label,
        by: 'artifact',
        versions: entries.length,
        added: missingFrom(entries, known),
        dropped: missingFrom(known, entries),
        skipped: skipped.sort((a, b) => compareVersions(a.version, b.version)),
        changed,
      };
    }
    throw new ProvError('MANAGER_INDEX_CONTESTED', { repository: store.label });
  });
}

/** Trouble with the registry says nothing about what it holds. */
function saysContentIsWrong(error: unknown): error is ProvError {
  return error instanceof ProvError && !/^OCI_(?:REMOTE|AUTH)_/.test(error.code);
}

function dated(entry: IndexEntry, known: readonly IndexEntry[]): IndexEntry {
  const before = known.find(({ version, digest }) => version === entry.version && digest === entry.digest);
  return before?.publishedAt === undefined ? entry : { ...entry, publishedAt: before.publishedAt };
}

function missingFrom(entries: readonly IndexEntry[], others: readonly IndexEntry[]): readonly string[] {
  const known = new Set(others.map(({ version }) => version));
  return entries.map(({ version }) => version).filter((version) => !known.has(version));
}
