import type { LockEntry } from '#schemas';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { openCommandWorkspace } from './in-workspace.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const workspace = await openCommandWorkspace(context, input);
  const { requireLock } = await import('#manager');
  const lock = await requireLock(workspace.lockFile);
  const roots = lock.extensions.filter(({ requiredBy }) => requiredBy.some((name) => name.startsWith('(')));
  const lines: string[] = [];
  const shown = new Set<LockEntry>();
  const print = (entry: LockEntry, prefix: string, range?: string) => {
    const again = shown.has(entry) && entry.dependencies.length > 0;
    lines.push(
      `${prefix}${entry.kind} ${entry.name} ${entry.version}${range === undefined ? '' : ` (${range})`}${again ? ' …' : ''}`,
    );
    if (again) return;
    shown.add(entry);
    for (const edge of entry.dependencies) {
      const next = lock.extensions.find(
        ({ name, version }) => name === edge.name.split('/').at(-1) && version === edge.version,
      );
      if (next) print(next, `${prefix}  `, edge.range);
    }
  };
  for (const root of roots) print(root, '');
  const data = lock.extensions.map(({ kind, name, version, dependencies, requiredBy }) => ({
    kind,
    name,
    version,
    dependencies,
    requiredBy,
  }));
  return { data, text: lines.join('\n') };
}
