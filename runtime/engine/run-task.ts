import type { PlanTask } from '../plan/plan.js';
import { checkInstance } from '../provider-host/check-instance.js';
import { startInstance } from '../provider-host/start-instance.js';
import { converge } from './converge.js';
import { installWork, portsWork, serverWork } from './effects.js';
import { removeStep } from './remove-step.js';
import type { RunContext } from './run-context.js';
import { describeTask, type TaskReport } from './task-report.js';

export interface TaskOptions {
  /** What the user said of tasks in doubt. */
  readonly resolve: ReadonlyMap<string, 'done' | 'retry'>;
  /** Instances that were installed anew in this run; their services start with the new definitions. */
  readonly reinstalled: Set<string>;
}

/** Runs one task of a plan to its end. Failures are thrown as ProvError. */
export async function runTask(
  context: RunContext,
  task: PlanTask,
  options: TaskOptions,
): Promise<TaskReport> {
  switch (task.op) {
    case 'server.create':
      return converge(context, serverWork(context, task), options);
    case 'ports.reserve':
      return converge(context, portsWork(context, task), options);
    case 'taskserv.install':
    case 'cluster.install': {
      const report = await converge(context, installWork(context, task), options);
      if (report.ending !== 'unchanged') options.reinstalled.add(context.instanceOf(task).id);
      return report;
    }
    case 'services.start': {
      const instance = context.instanceOf(task);
      const started = performance.now();
      const names = await startInstance(context, instance, { restart: options.reinstalled.has(instance.id) });
      return ended(task, { changed: names.length > 0, started });
    }
    case 'health': {
      const started = performance.now();
      await checkInstance(context, context.instanceOf(task), { throwUnhealthy: true });
      return ended(task, { changed: false, started });
    }
    default:
      return removeStep(context, task);
  }
}

function ended(task: PlanTask, facts: { changed: boolean; started: number }): TaskReport {
  const durationMs = Math.round(performance.now() - facts.started);
  const ending = facts.changed || task.op === 'health' ? 'succeeded' : 'unchanged';
  return { id: task.id, ...describeTask(task), ending, changed: facts.changed, attempts: 1, durationMs };
}
