import { type PackageId, packageId, splitPackageId } from '../package-id.js';
import { normalRange } from '../ranges/normal-range.js';
import { supports } from './eligibility.js';

/** How a manifest writes a dependency, as much of it as the resolver looks at. */
export interface WrittenDependency {
  readonly version: string;
  readonly kind?: string | undefined;
  readonly registry?: string | undefined;
  readonly namespace?: string | undefined;
  readonly platforms?: readonly string[] | undefined;
}

/** Where a dependency leads: same registry and namespace as its owner unless it says otherwise. */
export function dependencyTarget(owner: PackageId, name: string, written?: WrittenDependency): PackageId {
  const { registry, namespace: inherited } = splitPackageId(owner);
  const namespace = written?.namespace ?? inherited;
  return packageId(written?.registry ?? registry, namespace === '' ? name : `${namespace}/${name}`);
}

/** Dependencies that count on these platforms, sorted by name so that the order written does not matter. */
export function activeDependencies(
  written: Readonly<Record<string, WrittenDependency>> | undefined,
  platforms: readonly string[],
): [string, WrittenDependency][] {
  const active: [string, WrittenDependency][] = [];
  for (const name in written) {
    const each = written[name]!;
    const version = normalRange(each.version);
    if (version === undefined || !isActive(each, platforms)) continue;
    active.push([name, version === each.version ? each : { ...each, version }]);
  }
  return active.length < 2 ? active : active.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Whether a dependency counts on one of these platforms; without platforms all count. */
export function isActive({ platforms: only }: WrittenDependency, platforms: readonly string[]): boolean {
  return only === undefined || platforms.length === 0 || platforms.some((one) => supports(only, one));
}
