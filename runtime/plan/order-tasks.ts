import { ProvError } from '#base';
import type { PlanTask } from './plan.js';

/**
 * Tasks in an order in which each comes after all it depends on, ties by id.
 * @throws RUNTIME_PLAN_CYCLE with the tasks of one cycle, in order.
 */
export function orderTasks(tasks: readonly PlanTask[]): readonly PlanTask[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const ordered: PlanTask[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (task: PlanTask): void => {
    if (done.has(task.id)) return;
    if (path.includes(task.id))
      throw new ProvError('RUNTIME_PLAN_CYCLE', { cycle: cycleText(path, task.id) });
    path.push(task.id);
    for (const id of task.dependsOn) visit(byId.get(id)!);
    path.pop();
    done.add(task.id);
    ordered.push(task);
  };
  for (const id of [...byId.keys()].sort()) visit(byId.get(id)!);
  return ordered;
}

function cycleText(path: readonly string[], id: string): string {
  return [...path.slice(path.indexOf(id)), id].join(' → ');
}
