import type { ScriptEvent } from '#schemas';
import type { ProcessIdentity, TaskProducts } from '../event-log/events.js';
import type { PlanTask } from '../plan/plan.js';
import type { Given, RunContext } from './run-context.js';

/** One call of a script on behalf of a task. */
export interface Attempt {
  readonly attempt: number;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
  readonly onSpawn: (identity: ProcessIdentity) => Promise<void>;
  readonly onEvent: (event: ScriptEvent) => void;
}

export type CheckVerdict =
  | { readonly status: 'absent' | 'unknown' }
  | { readonly status: 'done'; readonly products?: TaskProducts };

/** A task whose success is remembered. */
export interface Work {
  readonly task: PlanTask;
  readonly given: Given;
  /** Whether it may be run again when nobody knows whether it ran. */
  readonly idempotent: boolean;
  readonly version?: string;
  /** Called before a task that has succeeded with other inputs runs again. */
  readonly beforeUpdate?: () => Promise<void>;
  /** Makes the effect. @throws ProvError with `details.class` */
  readonly execute: (attempt: Attempt) => Promise<TaskProducts & { readonly changed: boolean }>;
  /** Looks whether the effect is there. */
  readonly check?: (attempt: Attempt) => Promise<CheckVerdict>;
}

/** How a script call of a task is made: its process is on record before it may do anything. */
export function attemptOf(
  context: RunContext,
  task: PlanTask,
  call: { attempt: number; key: string },
): Attempt {
  return {
    ...call,
    signal: context.signal,
    async onSpawn(identity) {
      await context.journal.record('task.spawned', { process: identity, op: task.op }, task.id);
      await context.point('after-spawn', task.id);
    },
    onEvent(event) {
      if (event.type !== 'progress' && event.type !== 'log') return;
      const { message, percent } = event;
      context.emit(`task.${event.type}`, {
        task: task.id,
        message,
        ...(percent === undefined ? {} : { percent }),
      });
    },
  };
}
