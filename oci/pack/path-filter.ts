import { ProvError } from '#base';

const MAX_PATTERN_LENGTH = 256;

/** Never packed: version control, leavings of editors and operating systems, and `.env` files. */
export const DEFAULT_EXCLUDES: readonly string[] = [
  '.git',
  '.hg',
  '.svn',
  '.DS_Store',
  'Thumbs.db',
  'desktop.ini',
  '*~',
  '*.swp',
  '.env',
];

/** Decides what of a directory goes into an archive. */
export interface PathFilter {
  accepts(path: string): boolean;
  /** Whether nothing below this directory can be accepted. */
  prunes(directory: string): boolean;
}

export const ACCEPT_ALL: PathFilter = { accepts: () => true, prunes: () => false };

/**
 * The filter for `build` of a manifest. Patterns know `*`, `?` and `**`; one without a slash matches a name
 * at any depth, one with a slash is relative to the extension; a match of a directory holds for all below
 * it. `exclude` wins over `include`; an absent `include` means everything; `manifest.yaml` always belongs.
 */
export function createPathFilter(build: {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}): PathFilter {
  const include = build.include && anyOf(build.include);
  const exclude = anyOf([...DEFAULT_EXCLUDES, ...(build.exclude ?? [])]);
  const excluded = (path: string) => exclude.test(path);
  return {
    prunes: excluded,
    accepts: (path) =>
      path === 'manifest.yaml' || (!excluded(path) && (include === undefined || include.test(path))),
  };
}

/** One expression for all: they are asked about every path. */
function anyOf(patterns: readonly string[]): RegExp {
  const sources = patterns.map(sourceOf);
  return sources.length === 0 ? /(?!)/ : new RegExp(`^(?:${sources.join('|')})(?:/.*)?$`, 'u');
}

function sourceOf(pattern: string): string {
  const clean = pattern.replace(/^\.?\//, '').replace(/\/+$/, '');
  if (clean === '' || pattern.length > MAX_PATTERN_LENGTH) {
    throw new ProvError('OCI_PACK_REFUSED', { path: pattern, reason: 'it is not a usable build pattern' });
  }
  const source = clean
    .split(/(\*\*\/|\/\*\*$|\*+|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:[^/]+/)*';
      if (part === '/**') return '/.+';
      if (part === '?') return '[^/]';
      if (part.startsWith('*')) return '[^/]*';
      return part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  const anchored = pattern.replace(/\/+$/, '').includes('/');
  return `${anchored ? '' : '(?:.*/)?'}${source}`;
}
