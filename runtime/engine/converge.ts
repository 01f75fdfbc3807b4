import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson, type Digest, digestOf, type ProvError, toProvError } from '#base';
import type { FailureClass } from '../event-log/events.js';
import type { TaskState } from '../event-log/fold-state.js';
import type { PlanTask } from '../plan/plan.js';
import type { RunContext } from './run-context.js';
import { settle } from './settle.js';
import { describeTask, type TaskReport } from './task-report.js';
import { attemptOf, type Work } from './work.js';

export interface ConvergeOptions {
  readonly resolve: ReadonlyMap<string, 'done' | 'retry'>;
}

/** Failures after which nobody knows how far the script came. */
const UNKNOWN_END: ReadonlySet<FailureClass> = new Set(['timed_out', 'cancelled', 'killed']);

/**
 * Makes the effect of a task exist once: nothing to do when its last success had the same inputs; an
 * attempt of which the end is unknown is settled first; intent and result are durable around each try.
 * @throws RUNTIME_TASK_FAILED, RUNTIME_TASK_TIMED_OUT, RUNTIME_TASK_IN_DOUBT, RUNTIME_PROVIDER_FAILED, RUNTIME_CANCELLED
 */
export async function converge(
  context: RunContext,
  work: Work,
  options: ConvergeOptions,
): Promise<TaskReport> {
  const { task } = work;
  const { journal, emit } = context;
  const started = performance.now();
  const givenDigest = digestOf(canonicalJson(work.given));
  const about = { task: task.id, ...describeTask(task) };
  const report = (ending: TaskReport['ending'], changed: boolean, attempts: number): TaskReport => {
    const durationMs = Math.round(performance.now() - started);
    emit(`task.${ending}` as 'task.succeeded', { ...about, changed, attempts, durationMs });
    return { id: task.id, ...describeTask(task), ending, changed, attempts, durationMs };
  };
  const before = journal.task(task.id);
  if (isUpToDate(before, task.inputsDigest, givenDigest)) return report('unchanged', false, 0);
  if (before?.status === 'succeeded') await work.beforeUpdate?.();

  const key = context.keyOf(task.id, task.inputsDigest);
  for (let tries = 1; ; tries += 1) {
    context.signal?.throwIfAborted();
    const state = journal.task(task.id);
    const attempt = (state?.key === key ? state.attempt : 0) + 1;
    if (isInDoubt(state)) {
      const outcome = await settle(context, work, {
        givenDigest,
        resolve: options.resolve.get(task.id),
        attempt,
      });
      if (outcome === 'adopted') return report('adopted', false, tries - 1);
    }
    emit('task.started', { ...about, attempt });
    const version = work.version === undefined ? {} : { version: work.version };
    const intent = {
      run: context.run,
      op: task.op,
      attempt,
      key,
      inputsDigest: task.inputsDigest,
      ...version,
    };
    await journal.record('task.intent', intent, task.id);
    await context.point('after-intent', task.id);
    try {
      const products = await work.execute(attemptOf(context, task, { attempt, key }));
      await context.point('after-effect', task.id);
      await journal.record(
        'task.succeeded',
        { inputsDigest: task.inputsDigest, givenDigest, ...products, ...version },
        task.id,
      );
      await context.point('after-result', task.id);
      return report('succeeded', products.changed, tries);
    } catch (thrown) {
      const error = toProvError(thrown);
      const failure = await recordFailure(context, task, { error, thrown });
      const delayMs = nextDelay(context, failure, { error, tries });
      if (delayMs === undefined) throw error;
      emit('task.retry', {
        ...about,
        attempt,
        class: failure,
        message: error.message,
        delayMs: Math.round(delayMs),
      });
      await sleep(delayMs, undefined, { signal: context.signal });
    }
  }
}

export function isInDoubt(state: TaskState | undefined): boolean {
  if (state?.status === 'open') return true;
  return state?.status === 'failed' && state.failure !== undefined && UNKNOWN_END.has(state.failure.class);
}

function isUpToDate(state: TaskState | undefined, inputs: Digest, given: Digest): boolean {
  return state?.status === 'succeeded' && state.inputsDigest === inputs && state.givenDigest === given;
}

/** A failure of the journal itself leaves the intent open: the next run settles it. */
async function recordFailure(
  context: RunContext,
  task: PlanTask,
  met: { error: ProvError; thrown: unknown },
): Promise<FailureClass> {
  const { error } = met;
  if (error.code === 'RUNTIME_LOG_CONFLICT' || error.code.startsWith('DB_')) throw met.thrown;
  const failure = failureOf(error, context.signal);
  const exit = error.details['exit'];
  const data = { class: failure, message: error.message, ...(typeof exit === 'number' ? { exit } : {}) };
  await context.journal.record('task.failed', data, task.id);
  return failure;
}

function failureOf(error: ProvError, signal: AbortSignal | undefined): FailureClass {
  if (error.code === 'RUNTIME_CANCELLED') return 'cancelled';
  const own = error.details['class'];
  if (typeof own === 'string') return own as FailureClass;
  return signal?.aborted ? 'cancelled' : 'invalid';
}

function nextDelay(
  context: RunContext,
  failure: FailureClass,
  met: { error: ProvError; tries: number },
): number | undefined {
  const { retry } = context.runtime.options;
  if (met.tries >= retry.attempts || context.signal?.aborted) return undefined;
  const after = met.error.details['retryAfterMs'];
  return retry.delayMs(failure, met.tries, typeof after === 'number' ? after : undefined);
}
