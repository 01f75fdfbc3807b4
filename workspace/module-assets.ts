import { stat } from 'node:fs/promises';
import { ProvError } from '#base';
import type { ExtensionManifest } from '#schemas';
import { assetInstallPath } from './install-paths.js';
import type { ModuleAsset } from './module.js';

/** This machine as `os/arch`, in the words of OCI and Go. */
export function hostPlatform(): string {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const architecture = { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;
  return `${os}/${architecture}`;
}

/** The assets that a manifest declares for a platform (or for any), split into those here and those missing. */
export async function findAssets(
  root: string,
  manifest: ExtensionManifest,
  platform: string,
): Promise<{ here: readonly ModuleAsset[]; missing: readonly string[] }> {
  const wanted = (manifest.assets ?? []).filter(
    (asset) =>
      asset.platform === undefined ||
      platform === asset.platform ||
      platform.startsWith(`${asset.platform}/`),
  );
  const looked = await Promise.all(
    wanted.map(async ({ name, sha256, size: declared }) => {
      const path = assetInstallPath(root, sha256);
      const size = await sizeOf(path);
      const there = size !== undefined && (declared === undefined || declared === size);
      return there ? { asset: { name, path, sha256, size } } : { missing: name };
    }),
  );
  return {
    here: looked.flatMap(({ asset }) => asset ?? []),
    missing: looked.flatMap(({ missing }) => missing ?? []),
  };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code }, { cause: error });
  }
}
