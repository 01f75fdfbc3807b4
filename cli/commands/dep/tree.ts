import { ProvError } from '#base';
import type { Lock, LockEntry } from '#schemas';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { textOption } from '../../options.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const depth = depthOption(textOption(input.options, 'depth'));
  const named = input.args[0] ?? textOption(input.options, 'invert');
  const invert = input.options['invert'] !== undefined;
  const workspace = await openCommandWorkspace(context, input);
  const { lockedAs, requireLock } = await import('#manager');
  const lock = await requireLock(workspace.lockFile);
  const roots = named === undefined ? defaultRoots(lock, invert) : lockedAs(lock, named);
  const shown = lock.extensions.map(({ kind, name, version, dependencies, requiredBy }) => ({
    kind,
    name,
    version,
    dependencies,
    requiredBy,
  }));
  return { data: shown, text: draw(roots, invert ? dependents(lock) : dependencies(lock), depth).join('\n') };
}

interface Child {
  readonly entry: LockEntry;
  readonly range: string;
}
type ChildrenOf = (entry: LockEntry) => readonly Child[];

/** Lines of a tree; what was shown above with its branches is only named. */
function draw(roots: readonly LockEntry[], childrenOf: ChildrenOf, depth: number): string[] {
  const lines: string[] = [];
  const shown = new Set<LockEntry>();
  const print = (entry: LockEntry, { prefix, range }: { prefix: string; range?: string }) => {
    const children = childrenOf(entry);
    const again = shown.has(entry) && children.length > 0;
    const wanted = range === undefined ? '' : ` (${range})`;
    lines.push(`${prefix}${entry.kind} ${entry.name} ${entry.version}${wanted}${again ? ' …' : ''}`);
    if (again || prefix.length / 2 >= depth) return;
    shown.add(entry);
    for (const child of children) print(child.entry, { prefix: `${prefix}  `, range: child.range });
  };
  for (const root of roots) print(root, { prefix: '' });
  return lines;
}

function dependencies(lock: Lock): ChildrenOf {
  return (entry) =>
    entry.dependencies.flatMap(({ name, version, range }) => {
      const target = lock.extensions.find((each) => isTarget(each, name, version));
      return target === undefined ? [] : [{ entry: target, range }];
    });
}

function dependents(lock: Lock): ChildrenOf {
  return (target) =>
    lock.extensions.flatMap((entry) => {
      const edge = entry.dependencies.find(({ name, version }) => isTarget(target, name, version));
      return edge === undefined ? [] : [{ entry, range: edge.range }];
    });
}

function isTarget(entry: LockEntry, name: string, version: string): boolean {
  const named = entry.name === name || ('repository' in entry.source && entry.source.repository === name);
  return named && entry.version === version;
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
