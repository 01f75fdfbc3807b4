import { toProvError } from '#base';
import type { Instance } from '../plan/place-extensions.js';
import type { PlanTask } from '../plan/plan.js';
import { stopInstance } from '../provider-host/stop-instance.js';
import { taskError } from './effects.js';
import { installId, type RunContext } from './run-context.js';
import { describeTask, type TaskReport } from './task-report.js';
import { attemptOf } from './work.js';

/** Runs one step of a removal. What was never there is `unchanged`. @throws RUNTIME_TASK_FAILED, RUNTIME_PROVIDER_FAILED */
export async function removeStep(context: RunContext, task: PlanTask): Promise<TaskReport> {
  const started = performance.now();
  const changed = await perform(context, task);
  const durationMs = Math.round(performance.now() - started);
  const ending = changed ? 'succeeded' : 'unchanged';
  context.emit(`task.${ending}`, { task: task.id, ...describeTask(task), changed, durationMs });
  return { id: task.id, ...describeTask(task), ending, changed, attempts: 1, durationMs };
}

async function perform(context: RunContext, task: PlanTask): Promise<boolean> {
  switch (task.op) {
    case 'services.stop':
      return (await stopInstance(context, context.instanceOf(task))).length > 0;
    case 'server.delete':
      return deleteServer(context, task);
    default:
      return undo(context, task, { instance: context.instanceOf(task), op: 'uninstall' });
  }
}

/**
 * Runs the script that takes an installation away and puts it on record; false when nothing was there.
 * By contract it may be run again, so an interrupted one is.
 */
export async function undo(
  context: RunContext,
  task: PlanTask,
  what: { instance: Instance; op: string },
): Promise<boolean> {
  const { instance, op } = what;
  const id = installId(instance);
  const state = context.journal.task(id);
  if (state === undefined || (state.status === 'pending' && state.inputsDigest === undefined)) return false;
  const { module } = instance;
  const script = module.manifest.scripts?.[op];
  if (script !== undefined) {
    const key = context.keyOf(task.id, task.inputsDigest);
    const attempt = (context.journal.task(task.id)?.attempt ?? 0) + 1;
    await context.journal.record(
      'task.intent',
      { run: context.run, op, attempt, key, inputsDigest: task.inputsDigest },
      task.id,
    );
    await context.point('after-intent', task.id);
    try {
      const outcome = await context.scripts.invoke({
        module,
        op,
        script,
        task: task.id,
        config: instance.config,
        target: context.scriptTarget(instance),
        outputs: { ...context.given(instance).outputs, [module.name]: state.outputs },
        timeoutMs: context.runtime.options.taskTimeoutMs,
        ...attemptOf(context, task, { attempt, key }),
      });
      if (!outcome.ok) throw taskError(task, outcome, context.runtime.options.taskTimeoutMs);
    } catch (thrown) {
      const error = toProvError(thrown);
      await context.journal.record('task.failed', { class: 'failed', message: error.message }, task.id);
      throw error;
    }
    await context.point('after-effect', task.id);
  }
  await Promise.all([
    context.journal.record('task.undone', { by: op }, id),
    context.journal.record('task.undone', { by: op }, task.id),
  ]);
  return true;
}

/** Deletes a server; everything on record for it is gone with it. */
export async function deleteServer(context: RunContext, task: PlanTask): Promise<boolean> {
  const { server, provider } = task;
  const { exists } = await context.serverState({ name: server, provider });
  context.forgetServer(server);
  if (exists) await context.provider(provider).delete(server, { task: task.id, signal: context.signal });
  const gone = [...context.journal.state.tasks.keys()].filter((id) => isOnServer(id, server));
  await Promise.all(gone.map((id) => context.journal.record('task.undone', { by: 'server.delete' }, id)));
  return exists;
}

/** Whether a task id (`op:server[/…]`) speaks of the server. */
export function isOnServer(id: string, server: string): boolean {
  const place = id.slice(id.indexOf(':') + 1);
  return place === server || place.startsWith(`${server}/`);
}
