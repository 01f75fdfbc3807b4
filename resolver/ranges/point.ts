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

/** The place of a strict semantic version. Plain releases, nearly all there are, are read digit by digit. */
export function parsePoint(version: string): Point {
  return plainPoint(version) ?? pointOf(new semver.SemVer(version));
}

/** Digits that a number holds exactly. */
const MAX_DIGITS = 15;

function plainPoint(version: string): Point | undefined {
  let major = 0;
  let minor = 0;
  let dots = 0;
  let value = 0;
  let digits = 0;
  for (let i = 0; i < version.length; i++) {
    const code = version.charCodeAt(i);
    if (code === 46 && digits > 0 && dots < 2) {
      if (dots++ === 0) major = value;
      else minor = value;
      value = digits = 0;
    } else if (code >= 48 && code <= 57 && digits < MAX_DIGITS) {
      value = value * 10 + code - 48;
      digits++;
    } else return undefined;
  }
  return dots === 2 && digits > 0 ? { major, minor, patch: value, pre: undefined } : undefined;
}

export function pointOf({ major, minor, patch, prerelease }: semver.SemVer): Point {
  return { major, minor, patch, pre: prerelease.length === 0 ? undefined : prerelease };
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
