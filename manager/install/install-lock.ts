import { createReadStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Digest, Digester, isProvError, log, openAtomicFile, ProvError } from '#base';
import { type ReadStore, readExtension, unpackLayer } from '#oci';
import { installOrder, lockGraph, packageId } from '#resolver';
import {
  type Asset,
  type Descriptor,
  isRemoteEntry,
  type LocalLockEntry,
  type Lock,
  type LockEntry,
  parseExtensionManifest,
} from '#schemas';
import { assertTrusted, type TrustPolicy } from '#trust';
import {
  assertInstalledTree,
  assetInstallPath,
  hostPlatform,
  isAssetIntact,
  isForThisPlatform,
  moduleInstallDir,
  recordInstalledTree,
  type Workspace,
} from '#workspace';
import { type AssetPath, withAssetCache } from '../assets/asset-cache.js';
import type { ManagerContext } from '../context.js';
import { assertContent } from '../lock/content-flaws.js';
import type { Contents } from '../metadata/contents.js';
import type { WorkspaceRegistries } from '../resolve/workspace-registries.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { verifyContent } from '../trust/verify-content.js';
import { assertHere } from './assert-here.js';
import { inOrder } from './in-order.js';
import { assetLayers, isForThisMachine, isUnchanged } from './installed-state.js';

/** Extensions looked at, or installed, at once. */
const CONCURRENCY = 8;

export interface InstallRequest {
  readonly workspace: Workspace;
  readonly lock: Lock;
  readonly policy: TrustPolicy;
  readonly registries: WorkspaceRegistries;
  readonly contents: Contents;
  /** Ask the trust policy about installed extensions too, not only about those that are fetched. */
  readonly reverify?: boolean | undefined;
}

/**
 * Installs what a lock names into `.cache/modules`, several at once, each after its dependencies. What is there and
 * unchanged stays; an install that was edited is put right. The first failure ends the rest, and what is there then
 * is whole. Every fetched manifest is the locked one and passes the trust
 * policy before anything of it is unpacked. Returns `name@version` of what was installed.
 * @throws TRUST_REFUSED, MANAGER_LOCK_EDITED, MANAGER_LOCK_CONTENT_CHANGED, MANAGER_ASSET_NOT_VENDORED, MANAGER_OFFLINE_MISSING
 */
export async function installLock(request: InstallRequest, context: ManagerContext): Promise<string[]> {
  if (context.offline) await assertHere(request, context);
  return withAssetCache(context, async (assetPath) => {
    const { signal } = context;
    const places = new Set<string>();
    const order = installOrder(request.lock).filter((entry) => {
      // The same version under two names is one directory.
      const place = moduleInstallDir(request.workspace.root, entry);
      return isForThisPlatform(entry) && !places.has(place) && places.add(place);
    });
    const states = new Map<LockEntry, InstalledState>();
    const anyhow = { after: () => [], concurrency: CONCURRENCY, signal };
    await inOrder(order, anyhow, async (entry, own) => {
      states.set(entry, await stateOf(entry, request.workspace, { ...context, signal: own }));
    });
    const asked = order.filter((entry) => !states.get(entry)!.complete || request.reverify === true);
    await primeContents(asked, request.contents, context);
    const tools: Tools = { ...request, assetPath, copying: new Map() };
    const { dependencies } = lockGraph(request.lock);
    const installed = new Set<LockEntry>();
    await inOrder(asked, { after: dependencies, concurrency: CONCURRENCY, signal }, async (entry, own) => {
      const state = states.get(entry)!;
      if (await installEntry(entry, { tools, state }, { ...context, signal: own })) installed.add(entry);
    });
    return asked.filter((entry) => installed.has(entry)).map(({ name, version }) => `${name}@${version}`);
  });
}

/** What is there of an entry. */
interface InstalledState {
  /** The directory is what was locked. */
  readonly whole: boolean;
  /** So are its assets. */
  readonly complete: boolean;
}

async function stateOf(
  entry: LockEntry,
  workspace: Workspace,
  { signal, provVersion }: ManagerContext,
): Promise<InstalledState> {
  const dir = moduleInstallDir(workspace.root, entry);
  const whole = await isUnchanged(dir, entry, signal);
  return { whole, complete: whole && (await hasAssets(dir, { workspace, signal, provVersion })) };
}

/** Manifests, configs and signatures in one request, where that works; what does not come is fetched one by one. */
async function primeContents(
  entries: readonly LockEntry[],
  contents: Contents,
  { offline, signal }: ManagerContext,
): Promise<void> {
  if (offline) return;
  const wanted = entries.filter(isRemoteEntry).flatMap(({ source, manifest: { digest } }) => {
    const id = packageId(source.registry, source.repository);
    return contents.holds(id, digest) ? [] : [{ id, digest }];
  });
  // One by one it is no more than that.
  if (wanted.length < 2) return;
  try {
    await contents.prime(wanted);
  } catch (error) {
    if (signal?.aborted || !isProvError(error)) throw error;
    // A mirror or the cache may have it all the same.
    log.debug('contents cannot be had at once', { code: error.code, reason: error.message });
  }
}

interface Tools extends InstallRequest {
  readonly assetPath: AssetPath;
  /** Assets that are brought at this moment, by their place: two extensions may have the same. */
  readonly copying: Map<string, Promise<void>>;
}

async function installEntry(
  entry: LockEntry,
  { tools, state }: { readonly tools: Tools; readonly state: InstalledState },
  context: ManagerContext,
): Promise<boolean> {
  const { workspace } = tools;
  if (!isRemoteEntry(entry)) return installLocalAssets(entry as LocalLockEntry, tools, context);
  const { whole, complete } = state;
  const dir = moduleInstallDir(workspace.root, entry);
  const id = packageId(entry.source.registry, entry.source.repository);
  const store = tools.contents.store(id, entry);
  const { signal, provVersion } = context;
  const descriptor: Descriptor = entry.manifest;
  const { verdict, manifest } = await verifyContent({
    store,
    descriptor,
    repository: entry.source.repository,
    registry: tools.registries.get(entry.source.registry).host,
    version: entry.version,
    kind: entry.kind,
    policy: tools.policy,
    signal,
  });
  assertTrusted(verdict);
  assertContent(entry, manifest, tools.lock);
  if (complete) return false;
  const platform = hostPlatform();
  const extension = await readExtension(store, descriptor, { provVersion, platform, signal });
  context.onEvent?.({
    event: 'installing',
    message: `installing ${entry.name} ${entry.version}`,
    name: entry.name,
    version: entry.version,
  });
  await installAssets({ entry, dir, tools, store, declared: extension.config.assets ?? [] }, context);
  if (!whole) {
    const report = reportTransfer(context, 'install');
    report.plan(1, extension.layer.size);
    const onProgress = report.progress(extension.layer);
    await unpackLayer(await store.fetch(extension.layer, { signal, onProgress }), {
      destination: dir,
      title: entry.name,
      descriptor: extension.layer,
      replace: true,
      signal,
    });
    report.finished(extension.layer, 'copied');
    await recordInstalledTree(dir, entry, signal);
  }
  return true;
}

/** A local directory is where it is, and has to be what was locked; only its assets are brought. */
async function installLocalAssets(
  entry: LocalLockEntry,
  tools: Tools,
  context: ManagerContext,
): Promise<boolean> {
  const { workspace } = tools;
  const { signal, provVersion } = context;
  const dir = moduleInstallDir(workspace.root, entry);
  await assertInstalledTree(dir, entry, signal);
  const place = { workspace, signal, provVersion };
  if (await hasAssets(dir, place)) return false;
  const path = join(dir, 'manifest.yaml');
  const { assets = [] } = parseExtensionManifest(await readFile(path, 'utf8'), path, provVersion).value;
  await installAssets({ entry, dir, tools, declared: assets }, context);
  return true;
}

/** Whether an unchanged install has the assets that its manifest promises, carried along or not. */
async function hasAssets(
  dir: string,
  {
    workspace,
    provVersion,
    signal,
  }: { workspace: Workspace; provVersion: string; signal?: AbortSignal | undefined },
): Promise<boolean> {
  const path = join(dir, 'manifest.yaml');
  const { assets = [] } = parseExtensionManifest(await readFile(path, 'utf8'), path, provVersion).value;
  for (const { sha256 } of assets.filter(isForThisMachine))
    if (!(await isAssetIntact(assetInstallPath(workspace.root, sha256), sha256, signal))) return false;
  return true;
}

interface AssetInstall {
  readonly entry: LockEntry;
  readonly dir: string;
  readonly tools: Tools;
  /** Absent for a local directory, which nothing was vendored with. */
  readonly store?: ReadStore;
  readonly declared: readonly Asset[];
}

/** Vendored assets come from the registry; others from upstream. Either way the signed sha256 decides. */
async function installAssets(
  { entry, dir, tools, store, declared }: AssetInstall,
  context: ManagerContext,
): Promise<void> {
  const { workspace, assetPath } = tools;
  for (const asset of declared.filter(isForThisMachine)) {
    const target = assetInstallPath(workspace.root, asset.sha256);
    if (await isAssetIntact(target, asset.sha256, context.signal)) continue;
    const running = tools.copying.get(target) ?? bring(asset, target);
    tools.copying.set(target, running);
    try {
      await running;
    } finally {
      tools.copying.delete(target);
    }
  }

  async function bring(asset: Asset, target: string): Promise<void> {
    const layer = assetLayers(entry).find(({ digest }) => digest === `sha256:${asset.sha256}`);
    const content =
      layer && store
        ? await store.fetch(
            { mediaType: layer.mediaType, digest: layer.digest, size: layer.size },
            { signal: context.signal },
          )
        : createReadStream(await upstream(asset), { highWaterMark: 1 << 20 });
    await copyInto(content, target, `sha256:${asset.sha256}`);
  }

  async function upstream(asset: Asset): Promise<string> {
    try {
      return (await assetPath(asset, dir, context.signal)).path;
    } catch (error) {
      if (context.signal?.aborted) throw error;
      throw new ProvError(
        'MANAGER_ASSET_NOT_VENDORED',
        { extension: entry.name, asset: asset.name, platform: hostPlatform(), source: asset.source },
        { cause: error },
      );
    }
  }
}

async function copyInto(content: AsyncIterable<Uint8Array>, target: string, digest: Digest): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const file = openAtomicFile(target);
  try {
    const digester = new Digester();
    for await (const chunk of content) {
      digester.update(chunk);
      file.write(chunk);
    }
    if (digester.digest() !== digest)
      throw new ProvError('OCI_DIGEST_MISMATCH', {
        expected: digest,
        actual: digester.digest(),
        where: target,
      });
    file.commit();
  } catch (error) {
    file.abort();
    throw error;
  }
}
