import { ProvError } from '#base';

/** A file with conflict markers, taken apart. */
export interface Sides {
  readonly ours: string;
  readonly theirs: string;
  /** With `merge.conflictStyle = diff3` or `zdiff3`. */
  readonly base?: string;
}

/**
 * The versions that git merged into a file with conflict markers; undefined when it holds none.
 * @throws SCHEMAS_LOCK_INVALID when the markers do not belong together
 */
export function splitConflicts(text: string, path: string): Sides | undefined {
  const lines = { ours: [] as string[], base: [] as string[], theirs: [] as string[] };
  let side: Side = 'all';
  let found = false;
  let withBase = true;
  let sawBase = false;
  for (const [index, line] of text.split('\n').entries()) {
    const marker = /^(<{7}|\|{7}|={7}|>{7})(?:\s|$)/.exec(line)?.[1]?.[0];
    const next: Side | undefined = marker === undefined ? undefined : NEXT[side][marker];
    if (marker === undefined) {
      if (side === 'all') for (const each of Object.values(lines)) each.push(line);
      else lines[side].push(line);
      continue;
    }
    if (next === undefined)
      throw new ProvError('SCHEMAS_LOCK_INVALID', {
        path,
        reason: `line ${index + 1} is a conflict marker without its others`,
      });
    found = true;
    if (next === 'base') sawBase = true;
    if (next === 'all') {
      withBase &&= sawBase;
      sawBase = false;
    }
    side = next;
  }
  if (!found) return undefined;
  if (side !== 'all')
    throw new ProvError('SCHEMAS_LOCK_INVALID', { path, reason: 'a conflict marker is never closed' });
  const { ours, base, theirs } = lines;
  return {
    ours: ours.join('\n'),
    theirs: theirs.join('\n'),
    ...(withBase && { base: base.join('\n') }),
  };
}

type Side = 'all' | 'ours' | 'base' | 'theirs';

const NEXT: Readonly<Record<Side, Readonly<Record<string, Side>>>> = {
  all: { '<': 'ours' },
  ours: { '|': 'base', '=': 'theirs' },
  base: { '=': 'theirs' },
  theirs: { '>': 'all' },
};
