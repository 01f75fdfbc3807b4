import type { Digest } from '#base';
import type { DependencyFacts, Kind, LifecycleState } from '#schemas';
import type {
  MetadataSource,
  PackageMetadata,
  ProviderSource,
  VersionFacts,
} from '../metadata/metadata-source.js';
import { type PackageId, packageId, splitPackageId } from '../package-id.js';
import type { Requirement } from '../requirement.js';

/** One version, written short: `{ deps: { redis: '^7' } }`. */
export interface ShortFacts {
  readonly deps?: Readonly<Record<string, string>>;
  readonly optional?: Readonly<Record<string, string>>;
  readonly conflicts?: Readonly<Record<string, string>>;
  readonly constraints?: Readonly<Record<string, string>>;
  /** Capability to version; a trailing `!` makes it exclusive. */
  readonly provides?: Readonly<Record<string, string>>;
  readonly platforms?: readonly string[];
  readonly needs?: string;
  readonly kind?: Kind;
  readonly state?: LifecycleState;
  readonly reason?: string;
  readonly publishedAt?: string;
  /** Nobody signed `publishedAt`. */
  readonly unsignedTime?: boolean;
  readonly digest?: Digest;
  readonly refused?: string;
}

export type ShortUniverse = Readonly<Record<string, Readonly<Record<string, ShortFacts>>>>;

export const REGISTRY = 'main';
export const NAMESPACE = 'ext';

export function idOf(name: string): PackageId {
  return name.includes(':') ? (name as PackageId) : packageId(REGISTRY, `${NAMESPACE}/${name}`);
}

export function wanted(name: string, range: string, line = 1): Requirement {
  const { registry, repository, alias } = splitPackageId(idOf(name));
  return {
    registry,
    repository,
    range,
    ...(alias !== undefined && { alias }),
    origin: { file: 'config/provisioning.yaml', line, layer: 'workspace' },
  };
}

export function versionFacts(version: string, short: ShortFacts): VersionFacts {
  const ranges = (each: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(each).map(([name, range]) => [name, { version: range }]));
  const deps: DependencyFacts = {
    ...(short.deps && { dependencies: ranges(short.deps) }),
    ...(short.optional && { optional_dependencies: ranges(short.optional) }),
    ...(short.conflicts && { conflicts: short.conflicts }),
    ...(short.constraints && { constraints: short.constraints }),
    ...(short.provides && {
      provides: Object.fromEntries(
        Object.entries(short.provides).map(([name, offered]) => [
          name,
          { version: offered.replace('!', ''), ...(offered.endsWith('!') && { exclusive: true }) },
        ]),
      ),
    }),
    ...(short.platforms && { platforms: short.platforms }),
    ...(short.needs !== undefined && { compatibility: { provisioning: short.needs } }),
  };
  const { state, reason, publishedAt, refused, digest } = short;
  const publishedAtSigned = publishedAt !== undefined && short.unsignedTime !== true;
  const kind = short.kind ?? 'taskserv';
  return { version, kind, deps, state, reason, publishedAt, publishedAtSigned, refused, digest };
}

/** A registry in memory; `ask` sees every lookup and may delay it. */
export function memorySource(
  universe: ShortUniverse,
  ask: (id: PackageId) => Promise<void> | void = () => {},
): MetadataSource & ProviderSource {
  const packages = new Map<PackageId, PackageMetadata>(
    Object.entries(universe).map(([name, versions]) => [
      idOf(name),
      {
        versions: Object.entries(versions).map(([version, short]) => versionFacts(version, short)),
        location: 'registry.test',
      },
    ]),
  );
  return {
    async versions(id) {
      await ask(id);
      return packages.get(id);
    },
    providers(capability) {
      const offering = [...packages].filter(([, { versions }]) =>
        versions.some((each) => typeof each !== 'string' && each.deps.provides?.[capability] !== undefined),
      );
      return Promise.resolve(offering.map(([id]) => id).sort());
    },
  };
}
