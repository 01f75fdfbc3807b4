import { ProvError } from '#base';

const SEGMENT = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const HOST = /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/;

/**
 * Which repositories a rule is about: `[host/]segments`, where the host is literal or `*.host`, `*` is one
 * segment and `**` any number of them (at most one `**`). Without a host it is about the logical
 * `namespace/name` on every registry.
 */
export interface RepositoryPattern {
  readonly text: string;
  readonly host: string | undefined;
  readonly segments: readonly string[];
}

/** A repository asked about: `registry` is absent for content that never was on one (a layout, a directory). */
export interface LogicalRepository {
  readonly registry?: string | undefined;
  readonly repository: string;
}

/** @throws SCHEMAS_NAME_INVALID for a pattern that could match by surprise. */
export function parsePattern(text: string): RepositoryPattern {
  const parts = text.split('/');
  const hasHost = parts.length > 1 && isHostLike(parts[0]!);
  const host = hasHost ? parts[0] : undefined;
  const segments = hasHost ? parts.slice(1) : parts;
  if (host !== undefined && !HOST.test(host))
    throw invalid(text, 'The host is literal or *.host, in lower case.');
  if (segments.filter((segment) => segment === '**').length > 1)
    throw invalid(text, 'Write ** once at most.');
  const odd = segments.find((segment) => segment !== '*' && segment !== '**' && !SEGMENT.test(segment));
  if (odd !== undefined) throw invalid(text, `"${odd}" is neither a name segment, * nor **.`);
  return { text, host, segments };
}

export function matchesPattern(
  pattern: RepositoryPattern,
  { registry, repository }: LogicalRepository,
): boolean {
  if (pattern.host !== undefined && !matchesHost(pattern.host, registry)) return false;
  const path = repository.split('/');
  const open = pattern.segments.indexOf('**');
  if (open < 0)
    return (
      path.length === pattern.segments.length &&
      pattern.segments.every((segment, i) => matchesSegment(segment, path[i]!))
    );
  const head = pattern.segments.slice(0, open);
  const tail = pattern.segments.slice(open + 1);
  if (path.length < head.length + tail.length) return false;
  const end = path.slice(path.length - tail.length);
  return (
    head.every((segment, i) => matchesSegment(segment, path[i]!)) &&
    tail.every((segment, i) => matchesSegment(segment, end[i]!))
  );
}

/**
 * Negative when `a` is more specific than `b`: compared segment by segment from the left, host first;
 * literal before `*` before the end before `**`. Two patterns that match one repository and
 * compare as 0 are the same pattern.
 */
export function comparePatterns(a: RepositoryPattern, b: RepositoryPattern): number {
  const [left, right] = [weights(a), weights(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (right[i] ?? END) - (left[i] ?? END);
    if (difference !== 0) return difference;
  }
  return 0;
}

const LITERAL = 1000;
/** A pattern that ends says more than `**`, which may stand for nothing, and less than a further segment. */
const END = 0.5;

function weights(pattern: RepositoryPattern): number[] {
  const host =
    pattern.host === undefined ? 0 : pattern.host.startsWith('*.') ? pattern.host.split('.').length : LITERAL;
  return [host, ...pattern.segments.map((segment) => (segment === '**' ? 0 : segment === '*' ? 1 : LITERAL))];
}

function matchesHost(host: string, registry: string | undefined): boolean {
  const actual = registry?.toLowerCase();
  if (actual === undefined) return false;
  return host.startsWith('*.')
    ? actual.endsWith(host.slice(1)) && actual.length > host.length - 1
    : actual === host;
}

function matchesSegment(segment: string, actual: string): boolean {
  return segment === '*' || segment === actual;
}

function isHostLike(segment: string): boolean {
  return segment === 'localhost' || (segment !== '*' && segment !== '**' && /[.:]/.test(segment));
}

function invalid(value: string, suggestion: string): ProvError {
  return new ProvError('SCHEMAS_NAME_INVALID', { value, what: 'repository pattern', suggestion });
}
