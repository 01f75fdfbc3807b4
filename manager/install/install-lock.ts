import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Digest, Digester, isProvError, log, openAtomicFile, ProvError } from '#base';
import { type ReadStore, unpackLayer } from '#oci';
import { installOrder, lockGraph, packageId } from '#resolver';
import {
  type Asset,
  type DependencyFacts,
  dependencyFacts,
  isLocalEntry,
  isRemoteEntry,
  type Lock,
  type LockEntry,
} from '#schemas';
import type { TrustPolicy } from '#trust';
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
import { assertSound } from '../lock/assert-sound.js';
import { type ReadLocked, verifyLocked } from '../lock/read-locked.js';
import type { Contents } from '../metadata/contents.js';
import type { WorkspaceRegistries } from '../resolve/workspace-registries.js';
import { reportTransfer } from '../transfer/report-transfer.js';
import { assertHere } from './assert-here.js';
import { inOrder } from './in-order.js';
import { assetLayers, installedManifest, isForThisMachine, isUnchanged } from './installed-state.js';

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
  /** Whether the policy is the one that the lock was made under. Default: when everything is asked for again. */
  readonly samePolicy?: boolean | undefined;
  /** The lock is what its contents make of it: it was just solved, or this machine has found so before. Default: no. */
  readonly sound?: boolean | undefined;
}

/**
 * Installs what a lock names into `.cache/modules`, several at once, each after its dependencies. What is there and
 * unchanged stays; an install that was edited is put right. Before anything is unpacked, every manifest that is
 * fetched is the locked one and passes the trust policy, and a lock that is not known to be sound is found so. The first
 * failure ends the rest, and what is there then is whole. Returns `name@version` of what was installed.
 * @throws TRUST_REFUSED, MANAGER_LOCK_EDITED, MANAGER_LOCK_UNSOUND, MANAGER_LOCK_CONTENT_CHANGED,
 *   MANAGER_ASSET_NOT_VENDORED, MANAGER_OFFLINE_MISSING
 */
export async function installLock(request: InstallRequest, context: ManagerContext): Promise<string[]> {
  if (context.offline) await assertHere(request, context);
  return withAssetCache(context, async (assetPath) => {
    const { lock, workspace } = request;
    const { signal } = context;
    const states = new Map<LockEntry, InstalledState>();
    const ordered = installOrder(lock);
    const here = ordered.filter(isForThisPlatform);
    const anyhow = { after: () => [], concurrency: CONCURRENCY, signal };
    await inOrder(here, anyhow, async (entry, own) => {
      states.set(entry, await stateOf(entry, workspace, { ...context, signal: own }));
    });
    const contents = await verifiedContents(request, states, context);
    const factsOf = (entry: LockEntry) => contents.get(entry)?.extension.facts ?? states.get(entry)?.facts;
    if (request.sound !== true) await assertSound({ workspace, lock, factsOf }, context);
    const tools: Tools = { ...request, assetPath, copying: new Map() };
    const places = new Set<string>();
    const lacking = here.filter((entry) => {
      // The same version under two names is one directory.
      const place = moduleInstallDir(workspace.root, entry);
      return !states.get(entry)!.complete && !places.has(place) && places.add(place);
    });
    const { dependencies } = lockGraph(lock);
    await inOrder(lacking, { after: dependencies, concurrency: CONCURRENCY, signal }, async (entry, own) => {
      const installation = { tools, whole: states.get(entry)!.whole, content: contents.get(entry) };
      await installEntry(entry, installation, { ...context, signal: own });
    });
    return lacking.map(({ name, version }) => `${name}@${version}`);
  });
}

/** What is there of an entry. */
interface InstalledState {
  /** The directory is what was locked. */
  readonly whole: boolean;
  /** So are its assets. */
  readonly complete: boolean;
  /** What its own manifest says, where the directory is whole. */
  readonly facts?: DependencyFacts;
}

/** @throws WORKSPACE_MODULE_MODIFIED for a directory of the workspace, which nobody can put right */
async function stateOf(
  entry: LockEntry,
  workspace: Workspace,
  context: ManagerContext,
): Promise<InstalledState> {
  const { signal } = context;
  const dir = moduleInstallDir(workspace.root, entry);
  if (isLocalEntry(entry)) await assertInstalledTree(dir, entry, context);
  else if (!(await isUnchanged(dir, entry, context))) return { whole: false, complete: false };
  const manifest = await installedManifest(dir, context);
  const complete = await hasAssets(manifest.assets ?? [], workspace, signal);
  return { whole: true, complete, facts: dependencyFacts(manifest) };
}

/**
 * Reads and verifies what is not here yet, or everything when it is asked for again, those for other platforms
 * included: what stands in the lock about them decides what is installed here.
 */
async function verifiedContents(
  { lock, reverify = false, samePolicy = reverify, contents, policy, registries }: InstallRequest,
  states: ReadonlyMap<LockEntry, InstalledState>,
  context: ManagerContext,
): Promise<ReadonlyMap<LockEntry, ReadLocked>> {
  const asked = lock.extensions
    .filter(isRemoteEntry)
    .filter((entry) => reverify || states.get(entry)?.complete === false);
  await primeContents(asked, contents, context);
  const read = new Map<LockEntry, ReadLocked>();
  const anyhow = { after: () => [], concurrency: CONCURRENCY, signal: context.signal };
  await inOrder(asked, anyhow, async (entry, signal) => {
    const { registry, repository } = entry.source;
    const request = {
      store: contents.store(packageId(registry, repository), entry),
      host: registries.get(registry).host,
      policy,
      samePolicy,
      ageSource: lock.policy.ageSource,
    };
    try {
      read.set(entry, await verifyLocked(entry, request, { ...context, signal }));
    } catch (error) {
      // Offline only what this platform needs was kept for certain.
      const other = context.offline === true && !states.has(entry);
      if (!other || !isProvError(error, 'OCI_CONTENT_MISSING')) throw error;
    }
  });
  return read;
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

interface Installation {
  readonly tools: Tools;
  /** The directory is there already, and only assets are missing. */
  readonly whole: boolean;
  /** What was read and verified of it; absent for a directory of the workspace. */
  readonly content: ReadLocked | undefined;
}

async function installEntry(
  entry: LockEntry,
  { tools, whole, content }: Installation,
  context: ManagerContext,
): Promise<void> {
  const { workspace } = tools;
  const { signal } = context;
  const dir = moduleInstallDir(workspace.root, entry);
  if (!isRemoteEntry(entry) || content === undefined) {
    const { assets = [] } = await installedManifest(dir, context);
    return installAssets({ entry, dir, tools, declared: assets }, context);
  }
  const { extension } = content;
  const { source, name, version } = entry;
  const store = tools.contents.store(packageId(source.registry, source.repository), entry);
  context.onEvent?.({ event: 'installing', message: `installing ${name} ${version}`, name, version });
  await installAssets({ entry, dir, tools, store, declared: extension.config.assets ?? [] }, context);
  if (whole) return;
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
  await recordInstalledTree(dir, entry, context);
}

/** Whether the assets that a manifest promises are here, carried along or not. */
async function hasAssets(
  assets: readonly Asset[],
  { root }: Workspace,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (const { sha256 } of assets.filter(isForThisMachine))
    if (!(await isAssetIntact(assetInstallPath(root, sha256), sha256, signal))) return false;
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
