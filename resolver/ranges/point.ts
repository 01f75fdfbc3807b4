import semver from 'semver';

/**
 * A place in the order of versions, without build metadata. `pre` is undefined for a release, which comes
 * after every pre-release of its triple.
 */
export interface Point {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly pre?: readonly (string | number)[] | undefined;
}

const PLAIN = /^(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/;

/** The place of a strict semantic version. Plain releases, nearly all there are, cost one match. */
export function parsePoint(version: string): Point {
  const plain = PLAIN.exec(version);
  if (plain !== null) return { major: Number(plain[1]), minor: Number(plain[2]), patch: Number(plain[3]) };
  return pointOf(new semver.SemVer(version));
}

export function pointOf({ major, minor, patch, prerelease }: semver.SemVer): Point {
  return prerelease.length === 0 ? { major, minor, patch } : { major, minor, patch, pre: prerelease };
}

export function comparePoints(a: Point, b: Point): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch || comparePrereleases(a.pre, b.pre);
}

/** Numbers before words, a shorter list before one that begins with it. @see semver.org 2.0.0, item 11 */
function comparePrereleases(a: Point['pre'], b: Point['pre']): number {
  if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
  for (let i = 0; ; i++) {
    const [left, right] = [a[i], b[i]];
    if (left === undefined || right === undefined)
      return (left === undefined ? 0 : 1) - (right === undefined ? 0 : 1);
    if (left === right) continue;
    if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1;
    return left < right ? -1 : 1;
  }
}
