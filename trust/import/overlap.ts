import type { RepositoryPattern } from '../repository-pattern.js';

/** `covers`: the first matches all that the second does. `apart`: no repository matches both. `unclear`: neither is sure. */
export type Overlap = 'covers' | 'apart' | 'unclear';

/** How two patterns are related; `unclear` where it is not plain to see, so that callers take the safe side. */
export function overlapOf(a: RepositoryPattern, b: RepositoryPattern): Overlap {
  if (a.text === '**') return 'covers';
  if (b.text === '**') return 'unclear';
  const hosts = hostsOf(a.host, b.host);
  if (hosts === 'apart') return 'apart';
  const paths = segmentsOf(a.segments, b.segments);
  return hosts === 'covers' || paths === 'apart' ? paths : 'unclear';
}

function hostsOf(a: string | undefined, b: string | undefined): Overlap {
  if (a === b) return 'covers';
  // Without a host a pattern is about names on every registry.
  if (a === undefined || b === undefined) return 'unclear';
  const [wildA, wildB] = [a.startsWith('*.'), b.startsWith('*.')];
  if (wildA && b.replace(/^\*/, '').endsWith(a.slice(1))) return 'covers';
  if (wildB && a.replace(/^\*/, '').endsWith(b.slice(1))) return 'unclear';
  return 'apart';
}

function segmentsOf(a: readonly string[], b: readonly string[]): Overlap {
  const [headA, headB] = [headOf(a), headOf(b)];
  const [openA, openB] = [headA.length < a.length, headB.length < b.length];
  for (let i = 0; i < Math.min(headA.length, headB.length); i += 1)
    if (headA[i] !== headB[i] && headA[i] !== '*' && headB[i] !== '*') return 'apart';
  if (!openA && !openB && a.length !== b.length) return 'apart';
  if (!openA && openB && headB.length > a.length) return 'apart';
  if (openA && !openB && headA.length > b.length) return 'apart';
  const plain = openA ? a.at(-1) === '**' : !openB;
  const covered =
    headA.length <= headB.length && headA.every((segment, i) => segment === '*' || segment === headB[i]);
  return plain && covered ? 'covers' : 'unclear';
}

/** Segments before `**`. */
function headOf(segments: readonly string[]): readonly string[] {
  const open = segments.indexOf('**');
  return open < 0 ? segments : segments.slice(0, open);
}
