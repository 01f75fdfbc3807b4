import { ReadyQueue } from './ready-queue.js';

export interface Schedulable {
  readonly id: string;
  readonly dependsOn: readonly string[];
  readonly priority: number;
}

/** How a task ended, as far as the schedule is concerned. */
export type Ending = 'succeeded' | 'failed' | 'stop';

export interface ScheduleOptions<T> {
  readonly concurrency: number;
  readonly run: (task: T) => Promise<Ending>;
  /** A task that will not run, because `because` failed or everything was stopped. */
  readonly onSkip: (task: T, because: string | undefined) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs tasks when all they depend on has succeeded, the highest priority first, at most `concurrency` at
 * a time. After a failure what depends on it is skipped and the rest goes on; `stop` and an abort start
 * nothing more. Resolves when nothing runs any more; what `run` throws is thrown then.
 */
export async function schedule<T extends Schedulable>(
  tasks: readonly T[],
  options: ScheduleOptions<T>,
): Promise<void> {
  const missing = new Map(tasks.map((task) => [task.id, task.dependsOn.length]));
  const dependents = new Map<string, T[]>();
  for (const task of tasks)
    for (const id of task.dependsOn) dependents.set(id, [...(dependents.get(id) ?? []), task]);
  const settled = new Set<string>();
  const running = new Set<Promise<void>>();
  const ready = new ReadyQueue<T>();
  for (const task of tasks) if (task.dependsOn.length === 0) ready.push(task);
  const errors: unknown[] = [];
  let stopped = false;

  const skip = (task: T, because: string | undefined): void => {
    if (settled.has(task.id)) return;
    settled.add(task.id);
    options.onSkip(task, because);
    for (const next of dependents.get(task.id) ?? []) skip(next, because);
  };
  const start = async (task: T): Promise<void> => {
    const ending = await options.run(task).catch((error: unknown): Ending => {
      errors.push(error);
      return 'stop';
    });
    settled.add(task.id);
    if (ending === 'stop') stopped = true;
    for (const next of dependents.get(task.id) ?? []) {
      if (ending !== 'succeeded') skip(next, task.id);
      else if (countDown(missing, next.id) === 0 && !settled.has(next.id)) ready.push(next);
    }
  };
  for (;;) {
    while (ready.size > 0 && running.size < options.concurrency && !stopped && !options.signal?.aborted) {
      const task = ready.take();
      const promise: Promise<void> = start(task).finally(() => running.delete(promise));
      running.add(promise);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  for (const task of tasks) skip(task, undefined);
  if (errors.length > 0) throw errors[0];
}

function countDown(missing: Map<string, number>, id: string): number {
  const left = missing.get(id)! - 1;
  missing.set(id, left);
  return left;
}
