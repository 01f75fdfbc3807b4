import { ProvError } from '#base';
import { treeDigest } from '#oci';
import type { Module } from '#workspace';

/**
 * Passes only when an installed extension is, byte for byte, what was locked and verified. Extensions of the
 * workspace and infra layers are the user's own and are not checked.
 * @throws MANAGER_INSTALL_ALTERED
 */
export async function assertUnaltered(
  module: Pick<Module, 'name' | 'version' | 'dir' | 'lock'>,
  signal?: AbortSignal,
): Promise<void> {
  const locked = module.lock?.layers.find(({ tar }) => tar !== undefined)?.tar;
  if (locked === undefined) return;
  const actual = await treeDigest(module.dir, { title: module.name, signal });
  if (actual !== locked)
    throw new ProvError('MANAGER_INSTALL_ALTERED', {
      name: module.name,
      version: module.version,
      path: module.dir,
      expected: locked,
      actual,
    });
}
