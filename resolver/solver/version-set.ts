/**
 * A set over one package's universe: bit 0 says "not selected", bit i+1 says "version i". A positive and a
 * negative term of the paper are then the same thing, a set, and every operation is a word operation.
 * Sets live in Int32Arrays at an offset, `words` long.
 */
export const ABSENT_BIT = 1;

/** Words of a universe of `versions` versions and the absent bit. */
export function wordsFor(versions: number): number {
  return (versions + 32) >>> 5;
}

export function hasVersion(sets: Int32Array, offset: number, version: number): boolean {
  return (sets[offset + ((version + 1) >>> 5)]! & (1 << ((version + 1) & 31))) !== 0;
}

export function addVersion(sets: Int32Array, offset: number, version: number): void {
  sets[offset + ((version + 1) >>> 5)]! |= 1 << ((version + 1) & 31);
}

/** Number of versions, the absent bit not counted. */
export function countVersions(sets: Int32Array, offset: number, words: number): number {
  let count = -(sets[offset]! & ABSENT_BIT);
  for (let k = offset; k < offset + words; k++) count += popcount(sets[k]!);
  return count;
}

/** The highest version in the set, or -1. */
export function newestVersion(sets: Int32Array, offset: number, words: number): number {
  for (let k = words - 1; k >= 0; k--) {
    const word = sets[offset + k]!;
    if (word !== 0) return (k << 5) + 30 - Math.clz32(word);
  }
  return -1;
}

export function isSubset(a: Int32Array, at: number, b: Int32Array, bt: number, words: number): boolean {
  for (let k = 0; k < words; k++) if ((a[at + k]! & ~b[bt + k]!) !== 0) return false;
  return true;
}

export function isSameSet(a: Int32Array, at: number, b: Int32Array, bt: number, words: number): boolean {
  for (let k = 0; k < words; k++) if (a[at + k] !== b[bt + k]) return false;
  return true;
}

/** Ascending versions of a set. */
export function listVersions(sets: Int32Array, offset: number, words: number): number[] {
  const versions: number[] = [];
  for (let k = 0; k < words; k++) {
    let word = k === 0 ? sets[offset]! & ~ABSENT_BIT : sets[offset + k]!;
    while (word !== 0) {
      const low = word & -word;
      versions.push((k << 5) + 30 - Math.clz32(low));
      word ^= low;
    }
  }
  return versions;
}

function popcount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return (((n + (n >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
