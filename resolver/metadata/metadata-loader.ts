import { ProvError } from '#base';
import { dependencyTarget, type WrittenDependency } from '../encode/dependency-target.js';
import { type PackageId, withoutAlias } from '../package-id.js';
import { normalRange } from '../ranges/normal-range.js';
import { VersionList } from '../ranges/version-list.js';
import { newestVersion } from '../solver/version-set.js';
import {
  type ClosureRoot,
  hasClosure,
  hasFacts,
  hasProviders,
  type MetadataSource,
  type PackageMetadata,
  type VersionFacts,
} from './metadata-source.js';

/** Lookups at once; above this a registry answers no faster, and 64 sockets a host are the usual cap. */
export const METADATA_CONCURRENCY = 64;

/**
 * Asks a source for each thing at most once, however often and early it is wanted, and reads ahead along
 * the newest versions. Order and time of the answers never show in what it returns.
 */
export class MetadataLoader {
  private readonly source: MetadataSource;
  private readonly abort = new AbortController();
  private readonly signal: AbortSignal;
  private readonly packages = new Map<PackageId, Promise<PackageMetadata | undefined>>();
  private readonly facts = new Map<string, Promise<VersionFacts>>();
  private readonly offered = new Map<string, Promise<readonly PackageId[]>>();
  private readonly lists = new WeakMap<PackageMetadata, VersionList>();
  private readonly ahead = new Set<PackageId>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(source: MetadataSource, signal: AbortSignal | undefined) {
    this.source = source;
    this.signal = signal === undefined ? this.abort.signal : AbortSignal.any([signal, this.abort.signal]);
  }

  /** Everything reachable from `roots` in one request, where the source can; nothing otherwise. */
  async begin(roots: readonly ClosureRoot[]): Promise<void> {
    if (!hasClosure(this.source)) return;
    const plain = roots.map((root) => ({ ...root, id: withoutAlias(root.id) }));
    const closure = await this.source.closure(plain, { signal: this.signal });
    for (const [id, metadata] of closure) this.packages.set(id, Promise.resolve(metadata));
  }

  versions(aliased: PackageId): Promise<PackageMetadata | undefined> {
    const id = withoutAlias(aliased);
    return once(this.packages, id, () =>
      this.limited(() => this.source.versions(id, { signal: this.signal })),
    );
  }

  /** @throws RESOLVER_FACTS_MISSING when the source lists bare versions and cannot look one up. */
  factsOf(aliased: PackageId, version: string): Promise<VersionFacts> {
    const id = withoutAlias(aliased);
    return once(this.facts, `${id}@${version}`, () => {
      const { source } = this;
      if (!hasFacts(source)) throw new ProvError('RESOLVER_FACTS_MISSING', { id, version });
      return this.limited(() => source.facts(id, version, { signal: this.signal }));
    });
  }

  providers(capability: string): Promise<readonly PackageId[]> {
    const { source } = this;
    if (!hasProviders(source)) return Promise.resolve([]);
    return once(this.offered, capability, () =>
      this.limited(() => source.providers(capability, { signal: this.signal })),
    );
  }

  /** The versions of a package in order, sorted and parsed once. */
  listOf(metadata: PackageMetadata): VersionList {
    const known = this.lists.get(metadata);
    if (known !== undefined) return known;
    const list = new VersionList(
      metadata.versions.map((each) => (typeof each === 'string' ? each : each.version)),
    );
    this.lists.set(metadata, list);
    return list;
  }

  /** Starts looking up what the newest version in `range` depends on, and so on down. */
  prefetch(id: PackageId, range: string): void {
    if (this.ahead.has(id)) return;
    this.ahead.add(id);
    const follow = async (): Promise<void> => {
      const metadata = await this.versions(id);
      if (metadata === undefined) return;
      const list = this.listOf(metadata);
      const fitting = list.select(normalRange(range) ?? '*', false);
      const facts = metadata.versions[list.order[newestVersion(fitting, 0, list.words)] ?? -1];
      if (typeof facts !== 'object') return;
      const dependencies: Readonly<Record<string, WrittenDependency>> = facts.deps.dependencies ?? {};
      for (const [name, wanted] of Object.entries(dependencies)) {
        this.prefetch(dependencyTarget(id, name, wanted), wanted.version);
      }
    };
    // Reading ahead may fail freely: whoever needs this package awaits the same lookup and sees its error.
    follow().catch(() => {});
  }

  /** Ends lookups that nobody waits for. */
  close(): void {
    if (this.running > 0) this.abort.abort();
  }

  private async limited<T>(look: () => Promise<T>): Promise<T> {
    while (this.running >= METADATA_CONCURRENCY) await new Promise<void>((go) => this.waiting.push(go));
    this.running++;
    try {
      this.signal.throwIfAborted();
      return await look();
    } finally {
      this.running--;
      this.waiting.shift()?.();
    }
  }
}

function once<K, V>(memo: Map<K, Promise<V>>, key: K, look: () => Promise<V>): Promise<V> {
  const known = memo.get(key);
  if (known !== undefined) return known;
  const asked = look();
  memo.set(key, asked);
  return asked;
}
