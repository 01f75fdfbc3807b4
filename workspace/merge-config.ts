import type { ConfigBranch, ConfigLeaf, ConfigNode, ConfigReplaced } from './config-node.js';
import { toValue } from './config-node.js';

/**
 * Lays `high` over `low`: objects join key by key, lists held by `id` join by id (those of `high` first),
 * anything else is replaced and remembered in `overridden`.
 */
export function mergeConfig(low: ConfigBranch, high: ConfigBranch): ConfigBranch {
  const entries = new Map<string, ConfigNode>();
  const order = high.list
    ? [...high.entries.keys(), ...low.entries.keys()]
    : [...low.entries.keys(), ...high.entries.keys()];
  for (const key of order) {
    if (!entries.has(key)) entries.set(key, mergeEntry(low.entries.get(key), high.entries.get(key)));
  }
  return { ...high, entries, overridden: [...high.overridden, ...low.overridden] };
}

function mergeEntry(low: ConfigNode | undefined, high: ConfigNode | undefined): ConfigNode {
  if (high === undefined) return low!;
  if (low === undefined) return high;
  if (low.type === 'branch' && high.type === 'branch' && low.list === high.list)
    return mergeConfig(low, high);
  const replaced: ConfigReplaced[] = [
    ...high.overridden,
    { value: toValue(low), ...low.origin },
    ...low.overridden,
  ];
  return { ...high, overridden: replaced } satisfies ConfigLeaf | ConfigBranch;
}

export function mergeAll(first: ConfigBranch, ...rest: readonly ConfigBranch[]): ConfigBranch {
  return rest.reduce(mergeConfig, first);
}
