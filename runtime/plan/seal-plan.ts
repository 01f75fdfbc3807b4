import { canonicalJson, digestOf } from '#base';
import { orderTasks } from './order-tasks.js';
import type { Plan, PlanTask } from './plan.js';

/** Orders the tasks, checks that there is no cycle, and adds the digest. @throws RUNTIME_PLAN_CYCLE */
export function sealPlan(parts: Omit<Plan, 'digest' | 'schema' | 'tasks'>, tasks: readonly PlanTask[]): Plan {
  const body = { schema: 1 as const, ...parts, tasks: orderTasks(tasks) };
  return { ...body, digest: digestOf(canonicalJson(body)) };
}
