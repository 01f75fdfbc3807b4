import semver from 'semver';
import { ProvError } from '#base';

export const MAX_VERSION_LENGTH = 128;

/**
 * A strict semantic version, as text.
 * @throws SCHEMAS_VERSION_INVALID with what to write instead. @see semver.org 2.0.0
 */
export function parseVersion(value: string): string {
  if (isVersion(value)) return value;
  throw new ProvError('SCHEMAS_VERSION_INVALID', { value, suggestion: suggestVersion(value) });
}

export function isVersion(value: string): boolean {
  return value.length <= MAX_VERSION_LENGTH && /^\d\S*$/.test(value) && semver.parse(value) !== null;
}

function suggestVersion(value: string): string {
  if (value === 'latest') return 'A moving name is no version: write the number, for example 1.4.2.';
  const coerced = semver.coerce(value, { includePrerelease: true });
  return coerced ? `Write ${coerced.version}.` : 'Write MAJOR.MINOR.PATCH, for example 1.4.2.';
}

/** Normal form of an npm semver range where a comma is read as "and". @throws SCHEMAS_RANGE_INVALID */
export function parseRange(value: string): string {
  const spaced = value
    .split('||')
    .map((part) =>
      part
        .split(',')
        .map((piece) => piece.trim())
        .filter((piece) => piece !== '')
        .join(' '),
    )
    .join(' || ');
  if (value.length > 256 || semver.validRange(spaced) === null)
    throw new ProvError('SCHEMAS_RANGE_INVALID', { value });
  return spaced === '' ? '*' : spaced;
}

export function isRange(value: string): boolean {
  try {
    parseRange(value);
    return true;
  } catch {
    return false;
  }
}

/** Whether `version` is in `range` by npm's rules (a pre-release only when the range names its triple). */
export function satisfies(version: string, range: string): boolean {
  return semver.satisfies(version, parseRange(range));
}

/**
 * Whether `version` is in `range` with pre-releases counted by precedence: for security lists, where
 * `<2.3.1` must hold for `2.0.0-rc.1`.
 */
export function rangeCovers(range: string, version: string): boolean {
  return semver.satisfies(version, parseRange(range), { includePrerelease: true });
}

/** Whether a range leaves no version out, pre-releases included. */
export function isEveryVersion(range: string | undefined): boolean {
  return range !== undefined && semver.subset('>=0.0.0-0', parseRange(range), { includePrerelease: true });
}

/** Whether some version, pre-releases included, is in both ranges. */
export function rangesIntersect(a: string, b: string): boolean {
  return semver.intersects(parseRange(a), parseRange(b), { includePrerelease: true });
}

/** Total order: precedence first, then build metadata, so that sorting is deterministic. */
export function compareVersions(a: string, b: string): number {
  return semver.compareBuild(a, b);
}

/** `+` is not allowed in a tag and becomes `_`. @see OCI distribution-spec 1.1, "Pulling manifests" */
export function versionToTag(version: string): string {
  return version.replaceAll('+', '_');
}

/** The version a tag stands for, or undefined for `latest`, channels and anything that is not semver. */
export function tagToVersion(tag: string): string | undefined {
  const version = tag.replaceAll('_', '+');
  return isVersion(version) ? version : undefined;
}
