import { createReadStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Digest, Digester, openAtomicFile, ProvError } from '#base';
import { type ReadStore, readExtension, unpackLayer } from '#oci';
import { installOrder, packageId } from '#resolver';
import { type Asset, type Descriptor, type Lock, type LockEntry, parseExtensionManifest } from '#schemas';
import { assertTrusted, type TrustPolicy } from '#trust';
import {
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
import { assetLayers, isForThisMachine, isUnchanged } from './installed-state.js';

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
 * Installs what a lock names into `.cache/modules`, dependencies first. What is there and unchanged stays;
 * an install that was edited is put right. Every fetched manifest is the locked one and passes the trust
 * policy before anything of it is unpacked. Returns `name@version` of what was installed.
 * @throws TRUST_REFUSED, MANAGER_LOCK_EDITED, MANAGER_LOCK_CONTENT_CHANGED, MANAGER_ASSET_NOT_VENDORED, MANAGER_OFFLINE_MISSING
 */
export async function installLock(request: InstallRequest, context: ManagerContext): Promise<string[]> {
  if (context.offline) await assertHere(request, context);
  return withAssetCache(context, async (assetPath) => {
    const installed: string[] = [];
    for (const entry of installOrder(request.lock)) {
      context.signal?.throwIfAborted();
      if (!isForThisPlatform(entry)) continue;
      if (await installEntry(entry, { ...request, assetPath }, context))
        installed.push(`${entry.name}@${entry.version}`);
    }
    return installed;
  });
}

interface Tools extends InstallRequest {
  readonly assetPath: AssetPath;
}

async function installEntry(entry: LockEntry, tools: Tools, context: ManagerContext): Promise<boolean> {
  const { workspace } = tools;
  const dir = moduleInstallDir(workspace.root, entry);
  if (!('repository' in entry.source))
    throw new ProvError('SCHEMAS_LOCK_INVALID', {
      path: workspace.lockFile,
      reason: `${entry.name} has no content`,
    });
  const whole = await isUnchanged(dir, entry, context.signal);
  const complete =
    whole && (await hasAssets(dir, { workspace, signal: context.signal, provVersion: context.provVersion }));
  if (complete && !tools.reverify) return false;
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
  assertContent(entry, manifest, tools.lock.policy.platforms);
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
  readonly store: ReadStore;
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
    const layer = assetLayers(entry).find(({ digest }) => digest === `sha256:${asset.sha256}`);
    const content = layer
      ? await store.fetch(
          { mediaType: layer.mediaType, digest: layer.digest, size: layer.size },
          { signal: context.signal },
        )
      : createReadStream(await upstream(asset), { highWaterMark: 1 << 20 });
    await copyInto(content, target, `sha256:${asset.sha256}`);
  }

  async function upstream(asset: Asset): Promise<string> {
    try {
      return (await assetPath(asset, dir)).path;
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
