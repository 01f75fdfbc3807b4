import { type Finding, validateExtension } from '#oci';
import type { ManagerContext } from '../context.js';
import { withExtensionTree } from './extension-tree.js';
import type { PackageSource } from './package-source.js';

/** Everything that is wrong with an extension, errors first, in whatever form it is. */
export async function validatePackage(
  source: PackageSource,
  context: ManagerContext,
): Promise<readonly Finding[]> {
  const { provVersion } = context;
  return withExtensionTree(source, context, (dir) => validateExtension(dir, { provVersion }));
}
