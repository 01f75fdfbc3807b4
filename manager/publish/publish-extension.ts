import { ProvError } from '#base';
import {
  bytesSource,
  type PackedExtension,
  packExtension,
  type RemoteRepository,
  resolveOptional,
} from '#oci';
import { isRepository, type Kind, versionToTag } from '#schemas';
import type { Signer } from '#trust';
import { hostPlatform } from '#workspace';
import { openRegistries } from '../access/registries.js';
import { withAssetCache } from '../assets/asset-cache.js';
import type { ManagerContext } from '../context.js';
import { attachSignature } from '../trust/attach-signature.js';

export interface PublishOptions {
  readonly dir: string;
  readonly registry: string;
  readonly namespace: string;
  /** `all` declared platforms, or a list; `host` stands for this machine. Absent: assets stay upstream. */
  readonly vendorAssets?: 'all' | readonly string[] | undefined;
  readonly signer?: Signer | undefined;
  readonly dryRun?: boolean | undefined;
  /** Name and version the caller expects (`prov oci push PATH NAME VERSION`). */
  readonly expect?: { readonly name?: string | undefined; readonly version?: string | undefined } | undefined;
}

export interface PublishResult {
  /** `registry/namespace/name:tag@digest`. */
  readonly reference: string;
  readonly digest: string;
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  readonly size: number;
  /** False when the registry had exactly this version, signature included. */
  readonly pushed: boolean;
  readonly signedBy?: string;
  readonly requests: Readonly<Record<string, number>>;
}

/**
 * Packs a directory and pushes it so that a reader sees all or nothing: blobs, manifest, signatures, then
 * the tag. What is there already is not sent again.
 * @throws MANAGER_VERSION_EXISTS when the version is published with other content.
 */
export async function publishExtension(
  options: PublishOptions,
  context: ManagerContext,
): Promise<PublishResult> {
  return withAssetCache(context, async (assetPath) => {
    const packed = await packExtension(options.dir, {
      provVersion: context.provVersion,
      signal: context.signal,
      ...(options.vendorAssets === undefined
        ? {}
        : {
            vendorAssets: {
              platforms: platformsOf(options.vendorAssets),
              resolve: (asset) => assetPath(asset, options.dir),
            },
          }),
    });
    try {
      return await pushPackedExtension(packed, options, context);
    } finally {
      await packed.close();
    }
  });
}

export function platformsOf(wanted: 'all' | readonly string[]): readonly string[] | undefined {
  return wanted === 'all'
    ? undefined
    : wanted.map((platform) => (platform === 'host' ? hostPlatform() : platform));
}

async function pushPackedExtension(
  packed: PackedExtension,
  options: PublishOptions,
  context: ManagerContext,
): Promise<PublishResult> {
  const { manifest, descriptor } = packed;
  assertExpected(packed, options.expect);
  const repository = options.namespace === '' ? manifest.name : `${options.namespace}/${manifest.name}`;
  if (!isRepository(repository))
    throw new ProvError('SCHEMAS_REFERENCE_INVALID', {
      value: repository,
      reason: 'it is not a repository name',
    });
  const tag = versionToTag(manifest.version);
  const reference = `${options.registry}/${repository}:${tag}`;
  const registries = await openRegistries(context);
  try {
    const registry = registries.open(options.registry);
    const store = registry.repository(repository);
    const { signal } = context;
    const existing = await resolveOptional(store, tag, { signal });
    if (existing && existing.digest !== descriptor.digest) {
      throw new ProvError('MANAGER_VERSION_EXISTS', {
        reference,
        existing: existing.digest,
        digest: descriptor.digest,
      });
    }
    const sent = options.dryRun
      ? false
      : await send(store, packed, {
          options,
          context,
          repository,
          reference,
          tagged: existing !== undefined,
        });
    return {
      reference: `${reference}@${descriptor.digest}`,
      digest: descriptor.digest,
      kind: manifest.type,
      name: manifest.name,
      version: manifest.version,
      size: packed.blobs.reduce((sum, blob) => sum + blob.descriptor.size, descriptor.size),
      pushed: sent,
      ...(options.signer === undefined ? {} : { signedBy: options.signer.publicKey.id }),
      requests: { ...registries.requests },
    };
  } finally {
    registries.close();
  }
}

interface Sending {
  readonly options: PublishOptions;
  readonly context: ManagerContext;
  readonly repository: string;
  readonly reference: string;
  readonly tagged: boolean;
}

async function send(
  store: RemoteRepository,
  packed: PackedExtension,
  { options, context, repository, reference, tagged }: Sending,
): Promise<boolean> {
  const { manifest, descriptor, manifestBytes } = packed;
  const { signal, onEvent } = context;
  const missing = tagged ? await missingBlobs(store, packed.blobs, signal) : packed.blobs;
  const sent = !tagged || missing.length > 0;
  if (sent) {
    for (const blob of missing) {
      onEvent?.({
        event: 'blob',
        message: `pushing ${manifest.name} ${manifest.version}: ${blob.descriptor.size} bytes`,
        digest: blob.descriptor.digest,
        size: blob.descriptor.size,
      });
      await store.push(blob.descriptor, blob.source, { signal });
    }
    await store.push(descriptor, bytesSource(manifestBytes), { signal });
  }
  let signed = false;
  if (options.signer) {
    const outcome = await attachSignature(store, {
      manifest: { descriptor, bytes: manifestBytes },
      config: packed.configBytes,
      repository,
      version: manifest.version,
      kind: manifest.type,
      dockerReference: reference,
      signer: options.signer,
      signal,
    });
    signed = outcome.added;
  }
  if (!tagged) await store.tag(descriptor, versionToTag(manifest.version), { signal });
  onEvent?.({
    event: sent || signed ? 'pushed' : 'unchanged',
    message: `${reference} ${sent || signed ? 'pushed' : 'is there already'}`,
    reference,
    digest: descriptor.digest,
  });
  return sent || signed;
}

/** Blobs of a published version that the registry lost or found damaged: pushing again repairs it. */
async function missingBlobs(
  store: RemoteRepository,
  blobs: PackedExtension['blobs'],
  signal: AbortSignal | undefined,
): Promise<PackedExtension['blobs']> {
  const there = await Promise.all(
    blobs.map(({ descriptor }) => store.headBlob(descriptor.digest, { signal })),
  );
  return blobs.filter((_, i) => there[i] === undefined);
}

function assertExpected({ manifest }: PackedExtension, expect: PublishOptions['expect']): void {
  for (const what of ['name', 'version'] as const) {
    const given = expect?.[what];
    if (given !== undefined && given !== manifest[what])
      throw new ProvError('MANAGER_VERSION_DISAGREES', { what, given, manifest: manifest[what] });
  }
}
