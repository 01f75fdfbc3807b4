import { ProvError } from '#base';
import {
  bytesSource,
  type PackedExtension,
  packExtension,
  type RemoteRepository,
  resolveOptional,
} from '#oci';
import {
  type DependencyFacts,
  type Descriptor,
  dependencyFacts,
  isRepository,
  type Kind,
  type SignatureForm,
  tagToVersion,
  versionToTag,
} from '#schemas';
import type { Signer } from '#trust';
import { hostPlatform } from '#workspace';
import { openRegistries } from '../access/registries.js';
import { withAssetCache } from '../assets/asset-cache.js';
import type { ManagerContext } from '../context.js';
import { isBookkeepingTag } from '../index-document/join-index.js';
import { CHEAP_TO_SEND_BYTES } from '../transfer/cheap-to-send.js';
import { type Rehearsed, rehearsed } from '../transfer/rehearsed.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { attachSignature } from '../trust/attach-signature.js';
import { signatureForm } from '../trust/signature-form.js';

const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export interface PushOptions {
  readonly dir: string;
  readonly registry: string;
  readonly namespace: string;
  /** `all` declared platforms, or a list; `host` stands for this machine. Absent: assets stay upstream. */
  readonly vendorAssets?: 'all' | readonly string[] | undefined;
  readonly signer?: Signer | undefined;
  /** Default: what the configuration says of the registry, else both. */
  readonly signatureForm?: SignatureForm | undefined;
  /** Further tags to point at it, after the version's own. They may move. */
  readonly tags?: readonly string[] | undefined;
  /** Ask the registry, change nothing, and say what would be sent. */
  readonly dryRun?: boolean | undefined;
  /** Name and version the caller expects (`prov oci push PATH NAME VERSION`). */
  readonly expect?: { readonly name?: string | undefined; readonly version?: string | undefined } | undefined;
}

export interface PushResult extends Rehearsed {
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
  /** The further tags that were not so before. */
  readonly tagged: readonly string[];
  readonly requests: Readonly<Record<string, number>>;
}

/** What was pushed, for whoever looks at it afterwards. */
export interface PushedContent {
  readonly repository: string;
  readonly tag: string;
  readonly descriptor: Descriptor;
  readonly blobs: readonly Descriptor[];
  readonly facts: DependencyFacts;
}

/**
 * Packs a directory and pushes it so that a reader sees all or nothing: blobs, manifest, signatures, then
 * the tag. What is there already is not sent again.
 * @throws MANAGER_VERSION_EXISTS when the version is published with other content.
 */
export async function pushExtension(options: PushOptions, context: ManagerContext): Promise<PushResult> {
  return (await packAndPush(options, context)).result;
}

/** `pushExtension`, and what exactly was pushed. */
export async function packAndPush(
  options: PushOptions,
  context: ManagerContext,
): Promise<{ readonly result: PushResult; readonly content: PushedContent }> {
  assertChannels(options.tags ?? []);
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
      if (options.dryRun !== true) return await pushPackedExtension(packed, options, context);
      const push = (within: ManagerContext) => pushPackedExtension(packed, options, within);
      const { content, result, plan } = await rehearsed(context, push);
      return { content, result: { ...result, pushed: false, ...(plan && { plan }) } };
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
  options: PushOptions,
  context: ManagerContext,
): Promise<{ readonly result: PushResult; readonly content: PushedContent }> {
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
    const tagged = existing !== undefined;
    const sent = await send(store, packed, { options, context, repository, reference, tagged });
    const moved = await setChannels(store, descriptor, options.tags ?? [], context);
    const content: PushedContent = {
      repository,
      tag,
      descriptor,
      blobs: packed.blobs.map((blob) => blob.descriptor),
      facts: dependencyFacts(manifest),
    };
    const result: PushResult = {
      reference: `${reference}@${descriptor.digest}`,
      digest: descriptor.digest,
      kind: manifest.type,
      name: manifest.name,
      version: manifest.version,
      size: packed.blobs.reduce((sum, blob) => sum + blob.descriptor.size, descriptor.size),
      pushed: sent,
      ...(options.signer === undefined ? {} : { signedBy: options.signer.publicKey.id }),
      tagged: moved,
      requests: { ...registries.requests },
    };
    return { result, content };
  } finally {
    registries.close();
  }
}

/** Channels are free; versions and the tags that tools keep are not. @throws SCHEMAS_NAME_INVALID */
function assertChannels(tags: readonly string[]): void {
  for (const tag of tags) {
    const free = TAG.test(tag) && tagToVersion(tag) === undefined && !isBookkeepingTag(tag);
    if (free) continue;
    const suggestion =
      tagToVersion(tag) === undefined
        ? 'Write letters, digits, ".", "_" and "-", at most 128, for example stable.'
        : 'The tag of a version is set by publishing that version.';
    throw new ProvError('SCHEMAS_NAME_INVALID', { value: tag, what: 'channel tag', suggestion });
  }
}

/** Points channels at what is there; says which were elsewhere. */
async function setChannels(
  store: RemoteRepository,
  descriptor: Descriptor,
  tags: readonly string[],
  { signal, onEvent }: ManagerContext,
): Promise<readonly string[]> {
  const moved: string[] = [];
  for (const tag of new Set(tags)) {
    const before = await resolveOptional(store, tag, { signal });
    if (before?.digest === descriptor.digest) continue;
    await store.tag(descriptor, tag, { signal });
    moved.push(tag);
    onEvent?.({ event: 'tagged', message: `${store.label}:${tag} set`, tag, digest: descriptor.digest });
  }
  return moved;
}

interface Sending {
  readonly options: PushOptions;
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
  const tag = versionToTag(manifest.version);
  const together = !tagged && options.signer === undefined;
  if (sent) {
    const report = reportTransfer(context, 'push');
    report.plan(
      missing.length,
      missing.reduce((sum, blob) => sum + blob.descriptor.size, 0),
    );
    for (const blob of missing) {
      onEvent?.({
        event: 'blob',
        message: `pushing ${manifest.name} ${manifest.version}: ${blob.descriptor.size} bytes`,
        digest: blob.descriptor.digest,
        size: blob.descriptor.size,
      });
      const onProgress = report.progress(blob.descriptor);
      // Those of a new version hold its number, so nothing else has brought them.
      const absent = !tagged && blob.descriptor.size <= CHEAP_TO_SEND_BYTES;
      await store.push(blob.descriptor, blob.source, { signal, onProgress, absent });
      report.finished(blob.descriptor, 'copied');
    }
    // What nothing is attached to comes together with its tag.
    if (together) await store.pushTagged({ descriptor, bytes: manifestBytes }, tag, { signal });
    else await store.push(descriptor, bytesSource(manifestBytes), { signal });
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
      publishedAt: new Date().toISOString(),
      form: await signatureForm(options.registry, options.signatureForm, context),
      // Nobody asks for a version before it has its tag, so nobody else signs it yet.
      shared: tagged,
      signal,
    });
    signed = outcome.added;
  }
  if (!tagged && !together) await store.tag(descriptor, tag, { signal });
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

function assertExpected({ manifest }: PackedExtension, expect: PushOptions['expect']): void {
  for (const what of ['name', 'version'] as const) {
    const given = expect?.[what];
    if (given !== undefined && given !== manifest[what])
      throw new ProvError('MANAGER_VERSION_DISAGREES', { what, given, manifest: manifest[what] });
  }
}
