import { type Digest, ProvError } from '#base';
import { packageId } from '#resolver';
import type { Lock, LockEntry } from '#schemas';
import {
  assetInstallPath,
  isAssetIntact,
  isForThisPlatform,
  moduleInstallDir,
  type Workspace,
} from '#workspace';
import type { ManagerContext } from '../context.js';
import type { Contents } from '../metadata/contents.js';
import { assetLayers, isUnchanged } from './installed-state.js';

export interface OfflineInstall {
  readonly workspace: Workspace;
  readonly lock: Lock;
  readonly contents: Contents;
}

/** Digests shown; the rest is counted. */
const SHOWN = 50;

/**
 * Passes when this machine has all that an install of the lock needs, so that an offline install does not stop
 * in the middle. @throws MANAGER_OFFLINE_MISSING with every digest that is not here.
 */
export async function assertHere(request: OfflineInstall, context: ManagerContext): Promise<void> {
  const extensions = request.lock.extensions.filter(isForThisPlatform);
  await request.contents.prime(
    extensions.flatMap(({ source, manifest }) =>
      'repository' in source
        ? [{ id: packageId(source.registry, source.repository), digest: manifest.digest }]
        : [],
    ),
  );
  const lacking: string[] = [];
  for (const entry of extensions) {
    for (const digest of await lackingOf(entry, request, context))
      lacking.push(`  ${digest}  ${entry.kind} ${entry.name} ${entry.version}`);
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

async function lackingOf(
  entry: LockEntry,
  { workspace, contents }: OfflineInstall,
  { signal }: ManagerContext,
): Promise<Digest[]> {
  if (!('repository' in entry.source)) return [];
  const store = contents.store(packageId(entry.source.registry, entry.source.repository), entry);
  const installed = await isUnchanged(moduleInstallDir(workspace.root, entry), entry, signal);
  const archive = entry.layers.filter(({ asset }) => asset === undefined);
  const assets = [];
  for (const layer of assetLayers(entry)) {
    const sha256 = layer.digest.slice(layer.digest.indexOf(':') + 1);
    if (!(await isAssetIntact(assetInstallPath(workspace.root, sha256), sha256, signal))) assets.push(layer);
  }
  const wanted = [...(installed ? [] : [entry.manifest, entry.config, ...archive]), ...assets];
  const here = await Promise.all(wanted.map((descriptor) => store.exists(descriptor, { signal })));
  return wanted.filter((_, i) => !here[i]).map(({ digest }) => digest);
}
