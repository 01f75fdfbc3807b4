import type { ProvError } from '#base';
import type { PlanTask, TaskOp } from '../plan/plan.js';

/**
 * How a task ended in this run. `unchanged`: nothing to do. `adopted`: found done after an interruption.
 * `skipped`: something it depends on did not succeed.
 */
export type TaskEnding =
  | 'succeeded'
  | 'unchanged'
  | 'adopted'
  | 'failed'
  | 'in_doubt'
  | 'cancelled'
  | 'skipped';

export interface TaskReport {
  readonly id: string;
  readonly op: TaskOp;
  readonly server: string;
  readonly extension?: string;
  readonly ending: TaskEnding;
  /** Whether the script said that it changed something. */
  readonly changed: boolean;
  /** Attempts in this run. */
  readonly attempts: number;
  readonly durationMs: number;
  readonly error?: ProvError;
}

/** Members of a task that events and reports carry. */
export function describeTask(task: PlanTask): {
  readonly op: TaskOp;
  readonly server: string;
  readonly extension?: string;
} {
  const { op, server, extension } = task;
  return {
    op,
    server,
    ...(extension === undefined ? {} : { extension: `${extension.kind} ${extension.name}` }),
  };
}
