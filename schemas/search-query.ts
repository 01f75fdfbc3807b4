/** Longest query looked at, in characters. */
export const MAX_QUERY_LENGTH = 256;

/** What a search looks at. */
export interface Searchable {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly description?: string | undefined;
  readonly keywords?: readonly string[] | undefined;
}

/**
 * Scores what a person typed: every word must be found. A word with `*` or `?` must match a whole name (or, with
 * a slash, namespace/name); a plain one may be part of name, namespace, keyword, kind or description, whatever
 * its case. Zero means no match; names count more than descriptions, and equal more than contained.
 */
export function searchScore(query: string, item: Searchable): number {
  const words = query.slice(0, MAX_QUERY_LENGTH).toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return 1;
  let total = 0;
  for (const word of words) {
    const score = wordScore(word, item);
    if (score === 0) return 0;
    total += score;
  }
  return total / words.length;
}

function wordScore(
  word: string,
  { namespace, name, kind, description = '', keywords = [] }: Searchable,
): number {
  const full = namespace === '' ? name : `${namespace}/${name}`;
  if (/[*?]/.test(word)) return matchesGlob(word, word.includes('/') ? full : name) ? 80 : 0;
  if (word === name || word === full) return 100;
  if (name.startsWith(word)) return 60;
  if (name.includes(word)) return 40;
  if (keywords.some((each) => each.toLowerCase() === word)) return 30;
  if (full.includes(word) || kind === word || `${kind}s` === word) return 20;
  if (keywords.some((each) => each.toLowerCase().includes(word))) return 10;
  return description.toLowerCase().includes(word) ? 5 : 0;
}

/** `*` stands for any text, `?` for one character. Time is at most pattern times text, whatever they are. */
export function matchesGlob(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t]) && pattern[p] !== '*') {
      p += 1;
      t += 1;
    } else if (pattern[p] === '*') {
      star = p;
      mark = t;
      p += 1;
    } else if (star >= 0) {
      p = star + 1;
      mark += 1;
      t = mark;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
