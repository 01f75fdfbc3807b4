import { ProvError } from '#base';
import type { Lock, LockEdge, LockEntry } from '#schemas';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const depth = depthOption(textOption(input.options, 'depth'));
  const named = input.args[0] ?? textOption(input.options, 'invert');
  const invert = input.options['invert'] !== undefined;
  const workspace = await openCommandWorkspace(context, input);
  const { lockedAs, requireLock } = await import('#manager');
  const { entryFinder } = await import('#resolver');
  const lock = await requireLock(workspace.lockFile);
  const find = entryFinder(lock.extensions);
  const roots = named === undefined ? defaultRoots(lock, invert) : lockedAs(lock, named);
  const shown = lock.extensions.map(({ kind, name, alias, version, dependencies, requiredBy }) => ({
    kind,
    name,
    ...(alias === undefined ? {} : { alias }),
    version,
    dependencies,
    requiredBy,
  }));
  return {
    data: shown,
    text: draw(roots, invert ? dependents(lock, find) : dependencies(find), depth).join('\n'),
  };
}

interface Child {
  readonly entry: LockEntry;
  readonly range: string;
}
type Find = (edge: LockEdge) => LockEntry | undefined;
type ChildrenOf = (entry: LockEntry) => readonly Child[];

/** Lines of a tree; what was shown above with its branches is only named. */
function draw(roots: readonly LockEntry[], childrenOf: ChildrenOf, depth: number): string[] {
  const lines: string[] = [];
  const shown = new Set<LockEntry>();
  const print = (entry: LockEntry, { prefix, range }: { prefix: string; range?: string }) => {
    const children = childrenOf(entry);
    const again = shown.has(entry) && children.length > 0;
    const wanted = range === undefined ? '' : ` (${range})`;
    const as = entry.alias === undefined ? '' : ` as ${entry.alias}`;
    lines.push(`${prefix}${entry.kind} ${entry.name} ${entry.version}${as}${wanted}${again ? ' …' : ''}`);
    if (again || prefix.length / 2 >= depth) return;
    shown.add(entry);
    for (const child of children) print(child.entry, { prefix: `${prefix}  `, range: child.range });
  };
  for (const root of roots) print(root, { prefix: '' });
  return lines;
}

function dependencies(find: Find): ChildrenOf {
  return (entry) =>
    entry.dependencies.flatMap((edge) => {
      const target = find(edge);
      return target === undefined ? [] : [{ entry: target, range: edge.range }];
    });
}

function dependents(lock: Lock, find: Find): ChildrenOf {
  return (target) =>
    lock.extensions.flatMap((entry) => {
      const edge = entry.dependencies.find((each) => find(each) === target);
      return edge === undefined ? [] : [{ entry, range: edge.range }];
    });
}

/** What the workspace asks for; the other way round, what depends on nothing. */
function defaultRoots({ extensions }: Lock, invert: boolean): LockEntry[] {
  return extensions.filter((entry) =>
    invert ? entry.dependencies.length === 0 : entry.requiredBy.some((name) => name.startsWith('(')),
  );
}

/** @throws CLI_USAGE */
function depthOption(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new ProvError('CLI_USAGE', { reason: `--depth takes a number, not "${text}"` });
}
