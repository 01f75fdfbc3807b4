import { type Digest, digestHex, digestOf } from '#base';
import type { ConfigBlob, Lock, LockEntry } from '#schemas';

/** One extension as an SBOM tells of it. */
export interface SbomExtension {
  /** The same in every SBOM of the same lock. */
  readonly ref: string;
  readonly kind: string;
  readonly name: string;
  readonly version: string;
  /** Package URL of type `oci`. @see package-url/purl-spec, "oci" */
  readonly purl: string;
  readonly digest: Digest;
  readonly description?: string | undefined;
  readonly licence?: string | undefined;
  readonly homepage?: string | undefined;
  readonly authors: readonly string[];
  /** Refs. */
  readonly dependsOn: readonly string[];
}

export interface SbomFacts {
  /** Name of the workspace. */
  readonly name: string;
  readonly lockDigest: Digest;
  readonly provVersion: string;
  readonly extensions: readonly SbomExtension[];
  /** Refs of what the workspace itself asks for. */
  readonly direct: readonly string[];
}

export interface SbomSource {
  readonly name: string;
  readonly lock: Lock;
  readonly lockText: string;
  readonly configs: ReadonlyMap<LockEntry, ConfigBlob>;
  readonly provVersion: string;
}

/** What a lock and the configs of its extensions say, in the lock's order: the same for the same lock. */
export function sbomFacts({ name, lock, lockText, configs, provVersion }: SbomSource): SbomFacts {
  const refs = new Map(lock.extensions.map((entry) => [entry, refOf(entry)]));
  const byName = (edge: { readonly name: string; readonly version: string }) =>
    lock.extensions.find(
      (entry) =>
        entry.version === edge.version &&
        (entry.name === edge.name || ('repository' in entry.source && entry.source.repository === edge.name)),
    );
  return {
    name,
    lockDigest: digestOf(lockText),
    provVersion,
    extensions: lock.extensions.map((entry) => {
      const config = configs.get(entry);
      const targets = entry.dependencies.flatMap((edge) => refs.get(byName(edge)!) ?? []);
      return {
        ref: refOf(entry),
        kind: entry.kind,
        name: entry.name,
        version: entry.version,
        purl: purlOf(entry),
        digest: entry.manifest.digest,
        description: config?.description,
        licence: config?.license,
        homepage: config?.homepage,
        authors: config?.authors ?? (config?.author === undefined ? [] : [config.author]),
        dependsOn: [...new Set(targets)].sort(),
      };
    }),
    direct: lock.extensions
      .filter(({ requiredBy }) => requiredBy.some((by) => by.startsWith('(')))
      .map(refOf)
      .sort(),
  };
}

function refOf({ kind, name, version, manifest }: LockEntry): string {
  return `${kind}/${name}@${version}#${digestHex(manifest.digest).slice(0, 12)}`;
}

function purlOf({ name, version, manifest, source }: LockEntry): string {
  const place =
    'repository' in source
      ? `?repository_url=${encodeURIComponent(source.host === undefined ? source.repository : `${source.host}/${source.repository}`)}&tag=${encodeURIComponent(version)}`
      : '';
  return `pkg:oci/${name}@${encodeURIComponent(manifest.digest)}${place}`;
}
