import type { PartialSolution } from './partial-solution.js';
import { PRIORITY, type Universe } from './universe.js';
import { countVersions, hasVersion, newestVersion } from './version-set.js';

/**
 * The package to decide next, or -1 when every required one is decided. Choices that only follow others
 * come last; then those without a choice; then what the user named; then the most contested, the one with
 * the fewest versions left, the one that was known first.
 */
export function choosePackage(universe: Universe, partial: PartialSolution, blame: Int32Array): number {
  const { pending, isPending, decided, current } = partial;
  const base = universe.base.data;
  const words = universe.words.data;
  const priority = universe.priority.data;
  let best = -1;
  let bestRank = 0;
  let bestBlame = 0;
  let bestCount = 0;
  let kept = 0;
  for (let i = 0; i < pending.length; i++) {
    const pkg = pending.data[i]!;
    if (decided[pkg] === 1 || !partial.isRequired(pkg)) {
      isPending[pkg] = 0;
      continue;
    }
    pending.data[kept++] = pkg;
    const tier = priority[pkg]!;
    const count = countVersions(current, base[pkg]!, words[pkg]!);
    const rank = tier >= PRIORITY.capability ? tier : count === 1 ? -1 : tier;
    if (best >= 0) {
      const order = rank - bestRank || bestBlame - blame[pkg]! || count - bestCount || pkg - best;
      if (order > 0) continue;
    }
    best = pkg;
    bestRank = rank;
    bestBlame = blame[pkg]!;
    bestCount = count;
  }
  pending.length = kept;
  return best;
}

/** The best version left: newest, or the first by preference; for a capability, who is there already. */
export function chooseVersion(universe: Universe, partial: PartialSolution, pkg: number): number {
  const base = universe.base.data[pkg]!;
  const order = universe.order[pkg];
  if (order === undefined) return newestVersion(partial.current, base, universe.words.data[pkg]!);
  const offers = universe.offers[pkg];
  let first = -1;
  for (const version of order) {
    if (!hasVersion(partial.current, base, version)) continue;
    if (offers === undefined) return version;
    const provider = offers[version]!;
    if (partial.touched[provider] === 1 && partial.isRequired(provider)) return version;
    if (first < 0) first = version;
  }
  return first;
}
