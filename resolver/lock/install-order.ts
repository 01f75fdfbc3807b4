import { ProvError } from '#base';
import type { Lock, LockEntry } from '#schemas';
import { lockGraph } from './lock-graph.js';

export interface InstallOrderOptions {
  /** `break` (default) orders a cycle by name, enough to unpack files; `refuse` is for running scripts. */
  readonly cycles?: 'break' | 'refuse';
}

/**
 * The entries of a lock, each after everything it depends on; the same order for the same lock.
 * @throws RESOLVER_ORDER_CYCLE with the cycle printed, when cycles are refused.
 * @throws RESOLVER_EDGE_DANGLING
 */
export function installOrder(lock: Lock, { cycles = 'break' }: InstallOrderOptions = {}): LockEntry[] {
  const graph = lockGraph(lock);
  const state = new Map<LockEntry, 'open' | 'done'>();
  const order: LockEntry[] = [];
  for (const root of graph.entries) {
    if (state.has(root)) continue;
    // An explicit stack: a chain of thousands must not overflow the call stack.
    const stack: { entry: LockEntry; next: number }[] = [{ entry: root, next: 0 }];
    state.set(root, 'open');
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const dependency = graph.dependencies(top.entry)[top.next++];
      if (dependency === undefined) {
        stack.pop();
        state.set(top.entry, 'done');
        order.push(top.entry);
      } else if (!state.has(dependency)) {
        state.set(dependency, 'open');
        stack.push({ entry: dependency, next: 0 });
      } else if (state.get(dependency) === 'open' && cycles === 'refuse') {
        const from = stack.findIndex((frame) => frame.entry === dependency);
        const names = [...stack.slice(from).map((frame) => frame.entry.name), dependency.name];
        throw new ProvError('RESOLVER_ORDER_CYCLE', { cycle: names.join(' → ') });
      }
    }
  }
  return order;
}
