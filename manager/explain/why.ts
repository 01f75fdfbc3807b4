import { relative } from 'node:path';
import { entryFinder } from '#resolver';
import { entryLabel, type Lock, type LockEntry } from '#schemas';
import type { Workspace } from '#workspace';
import { requireLock } from '../resolve/lock-file.js';
import { lockedAs } from './locked-as.js';

/** Somebody who requires an extension: another locked one, or a line that a person wrote. */
export interface WhyEdge {
  readonly by: string;
  readonly range: string;
  /** `file:line` of a requirement of the workspace. */
  readonly origin?: string;
  readonly layer?: string;
  readonly optional?: boolean;
  readonly capability?: string;
}

export interface WhyResult {
  readonly kind: string;
  readonly name: string;
  readonly version: string;
  readonly requiredBy: readonly WhyEdge[];
  /** From a requirement of the workspace down to the extension, a shortest way. */
  readonly path: readonly string[];
}

/**
 * Who requires a locked extension, with ranges and the places that say so. Reads files only.
 * @throws MANAGER_LOCK_MISSING, MANAGER_UPDATE_UNKNOWN
 */
export async function whyLocked(workspace: Workspace, name: string): Promise<readonly WhyResult[]> {
  const lock = await requireLock(workspace.lockFile);
  const { root, requirements } = workspace;
  const find = entryFinder(lock.extensions);
  return lockedAs(lock, name).map((entry) => {
    const direct = requirements
      .filter((each) => (each.alias ?? each.name) === entryLabel(entry) && each.kind === entry.kind)
      .map(({ range, origin }): WhyEdge => {
        const file = origin.file === undefined ? origin.layer : relative(root, origin.file);
        const place = origin.line === undefined ? file : `${file}:${origin.line}`;
        return { by: `the ${origin.layer}`, range, origin: place, layer: origin.layer };
      });
    const edges = lock.extensions.flatMap((other) =>
      other.dependencies
        .filter((edge) => find(edge) === entry)
        .map(
          ({ range, optional, capability }): WhyEdge => ({
            by: `${entryLabel(other)} ${other.version}`,
            range,
            ...(optional === true && { optional }),
            ...(capability !== undefined && { capability }),
          }),
        ),
    );
    const { kind, version } = entry;
    return {
      kind,
      name: entryLabel(entry),
      version,
      requiredBy: [...direct, ...edges],
      path: pathTo(lock, entry),
    };
  });
}

function pathTo(lock: Lock, goal: LockEntry): string[] {
  const find = entryFinder(lock.extensions);
  const roots = lock.extensions.filter(({ requiredBy }) => requiredBy.some((by) => by.startsWith('(')));
  const ways: LockEntry[][] = roots.map((entry) => [entry]);
  const seen = new Set(roots);
  for (const way of ways) {
    const last = way.at(-1)!;
    if (last === goal) return way.map((entry) => `${entryLabel(entry)} ${entry.version}`);
    for (const next of last.dependencies.flatMap((edge) => find(edge) ?? [])) {
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return [`${entryLabel(goal)} ${goal.version}`];
}
