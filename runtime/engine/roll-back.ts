import { type ProvError, toProvError } from '#base';
import type { Plan, PlanTask } from '../plan/plan.js';
import { stopInstance } from '../provider-host/stop-instance.js';
import { deleteServer, undo } from './remove-step.js';
import type { RunContext } from './run-context.js';
import type { TaskReport } from './task-report.js';

export interface RollbackStep {
  readonly task: string;
  /** `kept`: there is no way back for it, and `reason` says why. */
  readonly ending: 'undone' | 'failed' | 'kept';
  readonly reason?: string;
  readonly error?: ProvError;
}

/** What this run did, in the order in which it was done; `updated` = it replaced an earlier success. */
export interface DoneTask {
  readonly task: PlanTask;
  readonly updated: boolean;
  readonly report: Pick<TaskReport, 'ending'>;
}

/**
 * Takes back what this run did, the last first. A step that fails is reported and the rest goes on. An
 * update is undone only by a `rollback` script: uninstalling would take away what was there before.
 */
export async function rollBack(
  context: RunContext,
  plan: Plan,
  done: readonly DoneTask[],
): Promise<readonly RollbackStep[]> {
  context.emit('rollback.started', { plan: plan.digest, tasks: done.length });
  const steps: RollbackStep[] = [];
  for (const each of [...done].reverse()) {
    if (context.signal?.aborted) break;
    const step = await undoOne(context, each);
    if (step === undefined) continue;
    steps.push(step);
    const { error, ...plain } = step;
    context.emit('rollback.step', { ...plain, ...(error === undefined ? {} : { message: error.message }) });
  }
  return steps;
}

async function undoOne(context: RunContext, done: DoneTask): Promise<RollbackStep | undefined> {
  const { task, updated } = done;
  try {
    switch (task.op) {
      case 'server.create':
        if (updated) return { task: task.id, ending: 'kept', reason: 'the server was there before' };
        await deleteServer(context, { ...task, id: `server.delete:${task.server}`, op: 'server.delete' });
        return { task: task.id, ending: 'undone' };
      case 'taskserv.install':
      case 'cluster.install':
        return await undoInstall(context, done);
      default:
        return undefined;
    }
  } catch (thrown) {
    return { task: task.id, ending: 'failed', error: toProvError(thrown) };
  }
}

async function undoInstall(context: RunContext, done: DoneTask): Promise<RollbackStep> {
  const { task, updated } = done;
  const instance = context.instanceOf(task);
  const scripts = instance.module.manifest.scripts ?? {};
  const op = scripts['rollback'] !== undefined ? 'rollback' : 'uninstall';
  if (updated && op !== 'rollback')
    return {
      task: task.id,
      ending: 'kept',
      reason: 'it replaced an earlier version and has no rollback script',
    };
  if (scripts[op] === undefined && scripts['install'] !== undefined) {
    return { task: task.id, ending: 'kept', reason: 'it has neither a rollback nor an uninstall script' };
  }
  await stopInstance(context, instance);
  await undo(context, { ...task, id: `rollback:${instance.id}` }, { instance, op });
  return { task: task.id, ending: 'undone' };
}
