import { digestOf, isProvError, log } from '#base';
import type { RemoteRegistry } from '#oci';
import { type ClosureRequest, type IndexDocument, MEDIA } from '#schemas';
import { readIndexValue } from '../index-document/parse-index.js';
import type { MetadataCache } from './metadata-cache.js';

const PATH = '/api/v1/closure';

/** The indexes a registry gave for everything reachable, by repository. */
export interface Closure {
  readonly packages: ReadonlyMap<string, IndexDocument>;
  /** What it says it does not have. */
  readonly missing: ReadonlySet<string>;
  /** Names whose index held something that could not be read: their tags and manifests have to say it. */
  readonly partial: ReadonlySet<string>;
}

export interface AskOptions {
  readonly cache: MetadataCache;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks one of our registries for the closure of some roots in one round trip; `foreign` when it is not one of
 * ours. What is wrong with the answer is logged and left out: it is then asked for singly.
 * @throws OCI_REMOTE_* when the registry is down or refuses us
 */
export async function askClosure(
  registry: RemoteRegistry,
  roots: ClosureRequest['roots'],
  { cache, signal }: AskOptions,
): Promise<Closure | 'foreign'> {
  const question = Buffer.from(JSON.stringify({ v: 1, roots }));
  const key = closureKey(registry.registry, question);
  const kept = await cache.read(key);
  const answer = await registry.document(PATH, {
    accept: MEDIA.closureDocument,
    question,
    ifNoneMatch: kept?.etag,
    signal,
  });
  if (answer.status === 304 && kept !== undefined) return readClosure(kept.bytes, registry.registry);
  if (answer.status !== 200 || answer.mediaType !== MEDIA.closureDocument) return 'foreign';
  const closure = readClosure(answer.bytes, registry.registry);
  if (answer.etag !== undefined) await cache.write({ key, etag: answer.etag, bytes: answer.bytes });
  return closure;
}

/** What was kept of earlier closures of a registry, the newest answer for each package. */
export async function keptClosures(registry: string, cache: MetadataCache): Promise<Closure> {
  const packages = new Map<string, IndexDocument>();
  const missing = new Set<string>();
  for (const { bytes } of await cache.list(`closure ${registry} `)) {
    const closure = readClosure(bytes, registry);
    for (const [name, document] of closure.packages)
      if (!packages.has(name) && !missing.has(name)) packages.set(name, document);
    for (const name of closure.missing) if (!packages.has(name)) missing.add(name);
  }
  return { packages, missing, partial: new Set() };
}

function closureKey(registry: string, question: Uint8Array): string {
  return `closure ${registry} ${digestOf(question)}`;
}

function readClosure(bytes: Uint8Array, where: string): Closure {
  const packages = new Map<string, IndexDocument>();
  const partial = new Set<string>();
  const missing = new Set<string>();
  const value = parse(bytes, where);
  for (const each of arrayOf(value?.packages)) {
    const name = (each as { repository?: unknown } | null)?.repository;
    if (typeof name !== 'string') continue;
    if (packages.has(name)) partial.add(name);
    try {
      const document = readIndexValue(each, name, `${where}/${name}`);
      if (document.entries.length !== (each as { entries: unknown[] }).entries.length) partial.add(name);
      packages.set(name, document);
    } catch (error) {
      if (!isProvError(error)) throw error;
      partial.add(name);
      log.debug('a part of a closure cannot be used', { code: error.code, reason: error.message });
    }
  }
  for (const name of partial) packages.delete(name);
  for (const name of arrayOf(value?.missing)) {
    if (typeof name === 'string' && !packages.has(name) && !partial.has(name)) missing.add(name);
  }
  return { packages, missing, partial };
}

function parse(bytes: Uint8Array, where: string): { packages?: unknown; missing?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return value !== null && typeof value === 'object' ? value : undefined;
  } catch (error) {
    log.debug('a closure cannot be read', { where, reason: String(error) });
    return undefined;
  }
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
