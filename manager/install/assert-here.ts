import { type Digest, isProvError, ProvError } from '#base';
import { type ContentCache, fetchBytes, openContentCache, type ReadStore, readExtension } from '#oci';
import { packageId } from '#resolver';
import {
  type Asset,
  type Descriptor,
  isRemoteEntry,
  type Lock,
  type LockEntry,
  parseOciManifest,
  type RemoteLockEntry,
} from '#schemas';
import {
  assetInstallPath,
  hostPlatform,
  isAssetIntact,
  isForThisPlatform,
  moduleInstallDir,
  type Workspace,
} from '#workspace';
import { contentCacheDir, type ManagerContext } from '../context.js';
import type { Contents } from '../metadata/contents.js';
import { assetLayers, installedManifest, isForThisMachine, isUnchanged } from './installed-state.js';

export interface OfflineInstall {
  readonly workspace: Workspace;
  readonly lock: Lock;
  readonly contents: Contents;
  /** Signatures are asked for of what is installed, too. */
  readonly reverify?: boolean | undefined;
}

/** Digests shown; the rest is counted. */
const SHOWN = 50;

/**
 * Passes when this machine has all that an install of the lock needs: content, signatures and assets, those that
 * are asked for again of what is installed included, so that an offline install does not stop in the middle.
 * @throws MANAGER_OFFLINE_MISSING with every digest that is not here.
 */
export async function assertHere(request: OfflineInstall, context: ManagerContext): Promise<void> {
  const extensions = request.lock.extensions.filter(isForThisPlatform);
  await request.contents.prime(
    extensions.filter(isRemoteEntry).map(({ source, manifest }) => ({
      id: packageId(source.registry, source.repository),
      digest: manifest.digest,
    })),
  );
  const lacking: string[] = [];
  const cache = await openContentCache(contentCacheDir(context));
  try {
    for (const entry of extensions) {
      const { kind, name, version } = entry;
      for (const { digest, what } of await lackingOf(entry, { ...request, cache }, context))
        lacking.push(`  ${digest}  ${what === '' ? '' : `${what} of `}${kind} ${name} ${version}`);
    }
  } finally {
    await cache.close();
  }
  if (lacking.length === 0) return;
  const more = lacking.length > SHOWN ? [`  and ${lacking.length - SHOWN} more`] : [];
  const host = request.workspace.registries[0]!.host;
  throw new ProvError('MANAGER_OFFLINE_MISSING', {
    count: lacking.length,
    list: [...lacking.slice(0, SHOWN), ...more].join('\n'),
    mirror: `prov mirror export --lock ${request.workspace.lockFile} --output lock.bundle.tar there, then prov mirror import lock.bundle.tar --to ${host} here.`,
    digests: lacking.map((line) => line.trim().split(' ')[0]),
  });
}

interface Lacking {
  readonly digest: Digest;
  readonly what: string;
}

async function lackingOf(
  entry: LockEntry,
  { workspace, contents, reverify, cache }: OfflineInstall & { readonly cache: ContentCache },
  context: ManagerContext,
): Promise<Lacking[]> {
  if (!isRemoteEntry(entry)) return [];
  const { provVersion, signal } = context;
  const id = packageId(entry.source.registry, entry.source.repository);
  const store = contents.store(id, entry);
  const dir = moduleInstallDir(workspace.root, entry);
  const installed = await isUnchanged(dir, entry, context);
  const lacking: Lacking[] = [];
  const want = async (descriptor: Descriptor, what = ''): Promise<boolean> => {
    const here = await store.exists(descriptor, { signal });
    if (!here) lacking.push({ digest: descriptor.digest, what });
    return here;
  };
  const wantAssets = async (declared: readonly Asset[]): Promise<boolean> => {
    let whole = true;
    for (const { name, sha256, source, size = 0 } of declared.filter(isForThisMachine)) {
      if (await isAssetIntact(assetInstallPath(workspace.root, sha256), sha256, signal)) continue;
      whole = false;
      const digest: Digest = `sha256:${sha256}`;
      const vendored = assetLayers(entry).find((layer) => layer.digest === digest);
      if (vendored !== undefined) await want(plain(vendored), `asset ${name}`);
      else if (!source.startsWith('file:') && !(await cache.has(digest)))
        await want({ mediaType: 'application/octet-stream', digest, size }, `asset ${name}`);
    }
    return whole;
  };
  const whole = installed && (await wantAssets((await installedManifest(dir, context)).assets ?? []));
  if (whole && reverify !== true) return lacking;
  const archive = installed
    ? []
    : entry.layers.filter(
        ({ asset, platform }) =>
          asset === undefined && (platform === undefined || isForThisPlatform({ platforms: [platform] })),
      );
  const described = [await want(entry.manifest), await want(entry.config)];
  for (const child of entry.children ?? []) described.push(await want(plain(child)));
  for (const layer of archive) await want(plain(layer));
  if (!installed && described.every((here) => here)) {
    const { config } = await readExtension(store, entry.manifest, {
      provVersion,
      platform: hostPlatform(),
      signal,
    });
    await wantAssets(config.assets ?? []);
  }
  // A registry that answered for everything at once listed the signatures, too, and they came with it.
  if (!contents.holds(id, entry.manifest.digest)) await wantSignatures(entry, store, { want, signal });
  return lacking;
}

function plain({ mediaType, digest, size }: LockEntry['layers'][number]): Descriptor {
  return { mediaType, digest, size };
}

interface SignatureSearch {
  readonly want: (descriptor: Descriptor, what?: string) => Promise<boolean>;
  readonly signal: AbortSignal | undefined;
}

/** The signatures that the lock names, each a manifest with its payload. */
async function wantSignatures(
  { signatures, manifest: { mediaType } }: RemoteLockEntry,
  store: ReadStore,
  { want, signal }: SignatureSearch,
): Promise<void> {
  const named = [...(signatures?.bundles ?? []), ...(signatures?.legacy ? [signatures.legacy] : [])];
  for (const digest of named) {
    const descriptor = await described(store, digest, signal);
    if (descriptor === undefined) {
      await want({ mediaType, digest, size: 0 }, 'signature');
      continue;
    }
    const parsed = parseOciManifest(await fetchBytes(store, descriptor, { signal }), descriptor.mediaType);
    if (parsed.kind !== 'manifest') continue;
    for (const layer of parsed.manifest.layers) await want(layer, 'signature');
  }
}

async function described(
  store: ReadStore,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<Descriptor | undefined> {
  try {
    return await store.resolve(digest, { signal });
  } catch (error) {
    if (isProvError(error, 'OCI_REFERENCE_NOT_FOUND')) return undefined;
    throw error;
  }
}
