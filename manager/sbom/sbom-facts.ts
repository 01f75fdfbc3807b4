import { type Digest, digestHex, digestOf } from '#base';
import { entryFinder } from '#resolver';
import { type ConfigBlob, contentDigestOf, isRemoteEntry, type Lock, type LockEntry } from '#schemas';

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
  const find = entryFinder(lock.extensions);
  return {
    name,
    lockDigest: digestOf(lockText),
    provVersion,
    extensions: lock.extensions.map((entry) => {
      const config = configs.get(entry);
      const targets = entry.dependencies.flatMap((edge) => refs.get(find(edge)!) ?? []);
      return {
        ref: refOf(entry),
        kind: entry.kind,
        name: entry.name,
        version: entry.version,
        purl: purlOf(entry),
        digest: contentDigestOf(entry),
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

function refOf(entry: LockEntry): string {
  const { kind, name, version } = entry;
  return `${kind}/${name}@${version}#${digestHex(contentDigestOf(entry)).slice(0, 12)}`;
}

/** A local directory is nowhere to be had: it has a name and a version only. @see package-url/purl-spec, "generic" */
function purlOf(entry: LockEntry): string {
  const { name, version } = entry;
  if (!isRemoteEntry(entry)) return `pkg:generic/${name}@${encodeURIComponent(version)}`;
  const { host, repository } = entry.source;
  const place = encodeURIComponent(host === undefined ? repository : `${host}/${repository}`);
  return `pkg:oci/${name}@${encodeURIComponent(entry.manifest.digest)}?repository_url=${place}&tag=${encodeURIComponent(version)}`;
}
