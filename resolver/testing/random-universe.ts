import type { ShortFacts, ShortUniverse } from './memory-source.js';

/** mulberry32: small, seeded, the same everywhere. */
export function randomSource(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

export interface RandomCase {
  readonly universe: ShortUniverse;
  readonly roots: Readonly<Record<string, string>>;
  readonly overrides?: Readonly<Record<string, string>>;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly advisories?: Readonly<Record<string, string>>;
  readonly publishedBefore?: string;
}

/** Some versions of the universes are published after this, some at a time that nobody signed. */
export const PUBLISHED_BEFORE = '2026-06-01T00:00:00Z';

/**
 * A universe of one of three shapes: sparse (mostly solvable, every feature), dense (narrow ranges over a
 * few packages, many conflicts), and crowded (more demands than places).
 */
export function randomUniverse(seed: number): RandomCase {
  const below = randomSource(seed);
  const shape = below(4);
  if (shape >= 2) return crowded(below);
  const dense = shape === 1;
  const packages = dense ? 8 + below(10) : 3 + below(8);
  const names = Array.from({ length: packages }, (_, i) => `p${i}`);
  const most = dense ? 5 : 4;
  const counts = names.map(() => (dense ? 2 : 1) + below(most));
  const rangeOn = (target: number): string => {
    const count = counts[target]!;
    const version = 1 + below(count);
    const other = 1 + below(count);
    const low = Math.min(version, other);
    const high = Math.max(version, other);
    const kinds = [`${version}.0.0`, `<=${version}.0.0`, `>=${version}.0.0`, `>=${low}.0.0 <=${high}.0.0`];
    if (!dense) kinds.push('*', `${low}.0.0 || ${high}.0.0`, `^${count + 1}.0.0`);
    return kinds[below(kinds.length)]!;
  };
  const capabilities = ['cap-a', 'cap-b'];
  const pick = (): number => below(packages);
  const universe: Record<string, Record<string, ShortFacts>> = {};
  names.forEach((name, i) => {
    const versions: Record<string, ShortFacts> = {};
    for (let v = 1; v <= counts[i]!; v++) {
      const deps: Record<string, string> = {};
      const wanted = dense ? 1 + below(4) : below(3);
      for (let d = 0; d < wanted; d++) {
        const target = below(20) === 0 ? i : dense ? Math.min(packages - 1, i + 1 + below(6)) : pick();
        if (below(40) === 0) deps[`gone${below(2)}`] = '*';
        else if (!dense && below(8) === 0)
          deps[capabilities[below(2)]!] = ['*', '^1.0.0', '>=2.0.0'][below(3)]!;
        else deps[names[target]!] = rangeOn(target);
      }
      const conflictTarget = pick();
      versions[`${v}.0.0`] = {
        deps,
        ...(below(dense ? 5 : 6) === 0 && {
          conflicts: { [names[conflictTarget]!]: rangeOn(conflictTarget) },
        }),
        ...(!dense && below(25) === 0 && { conflicts: { [capabilities[below(2)]!]: '*' } }),
        ...(!dense &&
          below(7) === 0 && {
            provides: {
              [capabilities[below(2)]!]: `${1 + below(2)}.${below(2)}.0${below(2) === 0 ? '!' : ''}`,
            },
          }),
        ...(!dense && below(6) === 0 && { optional: { [names[pick()]!]: '>=1.0.0' } }),
        ...(below(25) === 0 && { state: (['yanked', 'revoked', 'deprecated'] as const)[below(3)]! }),
        ...(below(12) === 0 && { platforms: [below(2) === 0 ? 'linux/amd64' : 'linux/arm64'] }),
        ...(!dense &&
          below(8) === 0 && { constraints: { [names[conflictTarget]!]: rangeOn(conflictTarget) } }),
        ...(!dense && { publishedAt: below(20) === 0 ? '2026-07-01T00:00:00Z' : '2026-01-01T00:00:00Z' }),
        ...(!dense && below(20) === 0 && { unsignedTime: true }),
        ...(below(40) === 0 && { needs: '>=2.0.0' }),
      };
    }
    universe[name] = versions;
  });
  const roots: Record<string, string> = {};
  for (let r = 1 + below(dense ? 4 : 3); r > 0; r--) {
    const target = dense ? below(Math.min(4, packages)) : pick();
    roots[names[target]!] = dense || below(3) === 0 ? '*' : rangeOn(target);
  }
  if (dense) return { universe, roots };
  const someRange = (): Record<string, string> => {
    const target = pick();
    return { [names[target]!]: rangeOn(target) };
  };
  return {
    universe,
    roots,
    ...(below(6) === 0 && { overrides: someRange() }),
    ...(below(6) === 0 && { constraints: someRange() }),
    ...(below(6) === 0 && { advisories: someRange() }),
    ...(below(4) === 0 && { publishedBefore: PUBLISHED_BEFORE }),
  };
}

/** Guests who each want one of a few rooms, with a preference; a room holds one guest. */
function crowded(below: (limit: number) => number): RandomCase {
  const rooms = 4 + below(2);
  const guests = rooms + below(2);
  const universe: Record<string, Record<string, ShortFacts>> = {};
  const roots: Record<string, string> = {};
  for (let room = 0; room < rooms; room++) {
    universe[`room${room}`] = Object.fromEntries(
      Array.from({ length: guests }, (_, g) => [`${g + 1}.0.0`, {}]),
    );
  }
  for (let guest = 0; guest < guests; guest++) {
    const versions: Record<string, ShortFacts> = {};
    for (let room = 0; room < rooms; room++) {
      if (below(10) !== 0) versions[`${room + 1}.0.0`] = { deps: { [`room${room}`]: `${guest + 1}.0.0` } };
    }
    universe[`guest${guest}`] = versions;
    roots[`guest${guest}`] = '*';
  }
  return { universe, roots };
}
