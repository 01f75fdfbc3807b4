import { posix } from 'node:path';
import { findImports } from './imports.js';

export interface RoomRule {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
}
export type RoomTable = Readonly<Record<string, RoomRule>>;

/** Folders that are not rooms but may reach into any room's door, and what they may use beside. */
const TEST_PACKAGES = ['fast-check', 'logic-solver', 'pg', '@babel/parser', '@babel/types'];
export const LEAVES: RoomTable = {
  test: { rooms: [], packages: [] },
  bench: { rooms: [], packages: [] },
};

/** What is wrong with the imports of one source file, as lines `path:line: reason`; empty when all is well. */
export function findViolations(path: string, source: string, rooms: RoomTable): string[] {
  const room = path.split('/')[0]!;
  const isTest = isTestCode(path) || room in LEAVES;
  return findImports(source).flatMap(({ specifier, form, line }) => {
    const reason = judge(path, room, specifier, rooms, isTest);
    return reason === undefined ? [] : [`${path}:${line}: ${form} of ${specifier}: ${reason}`];
  });
}

/** Tests, and what only tests use: `testing/` folders and `test-support.ts`. Neither is bundled. */
export function isTestCode(path: string): boolean {
  return path.endsWith('.test.ts') || path.endsWith('/test-support.ts') || path.includes('/testing/');
}

function judge(
  path: string,
  room: string,
  specifier: string,
  rooms: RoomTable,
  isTest: boolean,
): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('#')) return judgeDoor(room, specifier.slice(1), rooms, isTest);
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    const targetRoom = target.split('/')[0]!;
    if (target.startsWith('..')) return 'leaves the project';
    if (targetRoom === room)
      return target === `${room}/index.js` && !isTest ? 'a room does not use its own door' : undefined;
    if (isTest && (targetRoom in LEAVES || targetRoom === 'scripts')) return undefined;
    // The command table is data; the reference and the tests of the documents read it.
    if (room in LEAVES && target === 'cli/command-table.js') return undefined;
    if (room in LEAVES && isTestCode(target)) return undefined;
    return `reaches into ${targetRoom} past its door`;
  }
  const name = specifier.startsWith('@')
    ? specifier.split('/').slice(0, 2).join('/')
    : specifier.split('/')[0]!;
  if (isTest && (TEST_PACKAGES.includes(name) || room in LEAVES)) return undefined;
  return rooms[room]?.packages.includes(name) ? undefined : `the package ${name} is not allowed in ${room}`;
}

function judgeDoor(room: string, target: string, rooms: RoomTable, isTest: boolean): string | undefined {
  if (!(target in rooms)) return 'no such room';
  if (room in LEAVES) return undefined;
  if (target === room) return isTest ? undefined : 'a room does not use its own door';
  return rooms[room]?.rooms.includes(target) ? undefined : `${room} may not use ${target}`;
}

/** The first circle among static imports of files, as a path of files, or undefined. Types alone do not make one. */
export function findCircle(files: ReadonlyMap<string, string>): string[] | undefined {
  const edges = new Map<string, string[]>();
  for (const [path, source] of files) {
    const targets = findImports(source)
      .filter(({ form }) => form === 'import' || form === 'export from')
      .map(({ specifier }) =>
        specifier.startsWith('.')
          ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
          : specifier.startsWith('#')
            ? `${specifier.slice(1)}/index.ts`
            : '',
      )
      .filter((target) => files.has(target));
    edges.set(path, targets);
  }
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const visit = (path: string): string[] | undefined => {
    if (state.get(path) === 'done') return undefined;
    if (state.get(path) === 'open') return [...trail.slice(trail.indexOf(path)), path];
    state.set(path, 'open');
    trail.push(path);
    for (const next of edges.get(path) ?? []) {
      const circle = visit(next);
      if (circle) return circle;
    }
    trail.pop();
    state.set(path, 'done');
    return undefined;
  };
  for (const path of files.keys()) {
    const circle = visit(path);
    if (circle) return circle;
  }
  return undefined;
}
