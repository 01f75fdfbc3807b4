import { isProvError, LIMITS, ProvError } from '#base';
import { artifactTypeOf, fetchBytes, type ReadStore, readExtension } from '#oci';
import {
  ANNOTATION,
  type DependencyFacts,
  type Descriptor,
  dependencyFacts,
  formatReference,
  type Kind,
  type LifecycleState,
  parseOciManifest,
} from '#schemas';
import type { ManagerContext } from '../context.js';
import { readLifecycle } from '../lifecycle/read-lifecycle.js';
import { collectSignatures } from '../trust/collect-signatures.js';
import { type Packed, withTarget } from './with-target.js';

/** What `inspect` tells of one layer. */
export interface InspectedLayer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly title?: string;
  readonly asset?: string;
  readonly platform?: string;
}

/** An extension, in the words of its manifest. Absent fields were not given there. */
export interface InspectResult {
  readonly name: string;
  readonly type: Kind;
  readonly version: string;
  readonly description: string;
  readonly author?: string;
  readonly authors?: readonly string[];
  readonly license?: string;
  readonly homepage?: string;
  readonly repository?: string;
  /** Name → range. */
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optional_dependencies?: Readonly<Record<string, string>>;
  readonly conflicts?: Readonly<Record<string, string>>;
  readonly provides?: Readonly<Record<string, string>>;
  readonly platforms?: readonly string[];
  readonly reference: string;
  readonly digest: string;
  /** Manifest, config and layers, in bytes. */
  readonly size: number;
  readonly layers: readonly InspectedLayer[];
  readonly signatures: number;
  /** What was said about the version beside it, as a reader without a policy takes it. */
  readonly state: LifecycleState;
  readonly reason?: string;
  readonly replacement?: string;
  readonly facts: DependencyFacts;
}

/** An artifact that is no extension, as its manifest describes it. */
export interface InspectForeignResult {
  readonly reference: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: Descriptor;
  readonly layers: readonly InspectedLayer[];
  /** Of an index: the manifests it lists. */
  readonly manifests?: readonly Descriptor[];
}

/** What an artifact is and holds, without fetching its content. */
export async function inspectReference(
  reference: Packed,
  context: ManagerContext,
): Promise<InspectResult | InspectForeignResult> {
  return withTarget(reference, context, async (store, descriptor) => {
    const where = formatReference({ ...reference, digest: descriptor.digest });
    try {
      return await inspectExtension(store, descriptor, { where, context, repository: reference.repository });
    } catch (error) {
      if (!isProvError(error, 'OCI_ARTIFACT_NOT_EXTENSION')) throw error;
      return inspectForeign(store, descriptor, { where, context });
    }
  });
}

interface Inspecting {
  readonly where: string;
  readonly context: ManagerContext;
}

async function inspectExtension(
  store: ReadStore,
  descriptor: Descriptor,
  { where, context, repository: at }: Inspecting & { readonly repository: string | undefined },
): Promise<InspectResult> {
  const { provVersion, signal } = context;
  const { manifest, config } = await readExtension(store, descriptor, { provVersion, signal });
  const { bundles, legacy } = await collectSignatures(store, descriptor, signal);
  const lifecycle = await readLifecycle(store, descriptor, {
    repository: at ?? config.name,
    version: config.version,
    provVersion,
    config,
    signal,
  });
  const { state, reason, replacement } = lifecycle;
  const { name, type, version, description, author, authors, license, homepage, repository } = config;
  return {
    name,
    type,
    version,
    description,
    ...given({ author, authors, license, homepage, repository }),
    ...given({
      dependencies: versions(config.dependencies),
      optional_dependencies: versions(config.optional_dependencies),
      conflicts: config.conflicts,
      provides: versions(config.provides),
      platforms: config.platforms,
    }),
    reference: where,
    digest: descriptor.digest,
    size: manifest.layers.reduce((sum, { size }) => sum + size, descriptor.size + manifest.config.size),
    layers: manifest.layers.map(inspectedLayer),
    signatures: bundles.length + legacy.length,
    state,
    ...given({ reason, replacement }),
    facts: dependencyFacts(config),
  };
}

async function inspectForeign(
  store: ReadStore,
  descriptor: Descriptor,
  { where, context }: Inspecting,
): Promise<InspectForeignResult> {
  const bytes = await fetchBytes(store, descriptor, { signal: context.signal });
  const parsed = parseOciManifest(bytes, descriptor.mediaType);
  const artifactType = artifactTypeOf(parsed);
  const body = parsed.kind === 'index' ? parsed.index : parsed.manifest;
  const own = parsed.kind === 'index' ? [] : [parsed.manifest.config, ...parsed.manifest.layers];
  return {
    reference: where,
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
    ...given({ artifactType }),
    size: own.reduce((sum, { size }) => sum + size, descriptor.size),
    ...given({ annotations: body.annotations, subject: body.subject }),
    layers: parsed.kind === 'index' ? [] : parsed.manifest.layers.map(inspectedLayer),
    ...(parsed.kind === 'index' ? { manifests: parsed.index.manifests } : {}),
  };
}

/** The bytes of a manifest or of its config exactly as they are stored, verified. */
export async function readRaw(
  reference: Packed,
  what: 'manifest' | 'config',
  context: ManagerContext,
): Promise<{ readonly reference: string; readonly descriptor: Descriptor; readonly bytes: Uint8Array }> {
  const { signal } = context;
  return withTarget(reference, context, async (store, root) => {
    const where = formatReference({ ...reference, digest: root.digest });
    const bytes = await fetchBytes(store, root, { signal });
    if (what === 'manifest') return { reference: where, descriptor: root, bytes };
    const parsed = parseOciManifest(bytes, root.mediaType);
    if (parsed.kind === 'index')
      throw new ProvError('OCI_ARTIFACT_NOT_EXTENSION', {
        digest: root.digest,
        where: store.label,
        reason: 'an image index has no config',
      });
    const { config } = parsed.manifest;
    const limit = LIMITS.configBlobBytes;
    return {
      reference: where,
      descriptor: config,
      bytes: await fetchBytes(store, config, { limit, signal }),
    };
  });
}

function inspectedLayer({ mediaType, digest, size, annotations = {} }: Descriptor): InspectedLayer {
  const {
    [ANNOTATION.title]: title,
    [ANNOTATION.asset]: asset,
    [ANNOTATION.platform]: platform,
  } = annotations;
  return { mediaType, digest, size, ...given({ title, asset, platform }) };
}

function versions(
  map: Readonly<Record<string, { readonly version: string }>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (map === undefined) return undefined;
  return Object.fromEntries(Object.entries(map).map(([name, { version }]) => [name, version]));
}

/** The members that have a value. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
