import type { PackageId } from '../package-id.js';
import type { VersionList } from '../ranges/version-list.js';
import { type Policy, prereleasePolicy } from './policy.js';

/**
 * Versions in the order in which they are tried, or undefined for plainly newest first. A locked version
 * comes first; a pre-release comes after every release unless pre-releases are allowed.
 */
export function preferenceOrder(id: PackageId, list: VersionList, policy: Policy): Int32Array | undefined {
  const { strategy } = policy;
  const count = list.versions.length;
  const locked = list.versions.indexOf(policy.preferred.get(id) ?? policy.alike.get(id) ?? '');
  const lowest = strategy === 'lowest' || (strategy === 'lowest-direct' && policy.direct.has(id));
  const releasesFirst = prereleasePolicy(policy, id) !== 'allow' && list.hasPrereleases();
  if (!lowest && locked < 0 && !releasesFirst) return undefined;
  const order = Array.from({ length: count }, (_, v) => v);
  if (!lowest) order.reverse();
  // Least change: the locked version, then the nearest above it, then the nearest below.
  if (locked >= 0 && (strategy === 'minimal-change' || strategy === 'security-only')) {
    const above = order.filter((v) => v > locked).sort((a, b) => a - b);
    const below = order.filter((v) => v < locked).sort((a, b) => b - a);
    order.splice(0, count, ...above, ...below, locked);
  }
  const releases = releasesFirst ? order.filter((v) => !list.isPrerelease(v)) : order;
  const rest = releasesFirst ? order.filter((v) => list.isPrerelease(v)) : [];
  const ranked = [...releases, ...rest];
  if (locked < 0) return Int32Array.from(ranked);
  return Int32Array.from([locked, ...ranked.filter((v) => v !== locked)]);
}
