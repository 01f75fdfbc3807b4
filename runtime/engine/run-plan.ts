import { randomBytes } from 'node:crypto';
import { isProvError, ProvError, toProvError } from '#base';
import { identifyProcess } from '../executor/process-identity.js';
import type { DeploymentInput } from '../plan/deployment-input.js';
import { isRemembered, type Plan, type PlanTask } from '../plan/plan.js';
import { endLeftovers, forgetLostServers } from './recover.js';
import { type DoneTask, type RollbackStep, rollBack } from './roll-back.js';
import { RunContext } from './run-context.js';
import { runTask, type TaskOptions } from './run-task.js';
import type { Runtime } from './runtime.js';
import { type Ending, schedule } from './schedule.js';
import { describeTask, type TaskReport } from './task-report.js';

export interface RunOptions {
  /** On failure take back, in reverse order, what this run did. Default false. */
  readonly rollback?: boolean | undefined;
  /** What the user said of tasks in doubt, by task id. */
  readonly resolve?: ReadonlyMap<string, 'done' | 'retry'> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  readonly run: string;
  readonly plan: string;
  readonly status: 'succeeded' | 'failed' | 'in_doubt' | 'cancelled';
  /** In plan order. */
  readonly tasks: readonly TaskReport[];
  /** Installing tasks (servers, ports, extensions) that ran, were adopted, or had nothing to do. */
  readonly counts: { readonly ran: number; readonly adopted: number; readonly unchanged: number };
  readonly rollback?: readonly RollbackStep[];
  /** Why it is not `succeeded`: the first failure. */
  readonly error?: ProvError;
}

/**
 * Runs a plan to its end, or continues one that was interrupted: state comes from the event log, so both
 * are the same call. Failures of tasks are in the result; what is thrown is a failure of the engine.
 * @throws RUNTIME_LOG_CONFLICT, DB_*
 */
export async function runPlan(
  runtime: Runtime,
  job: { plan: Plan; input: DeploymentInput },
  options: RunOptions = {},
): Promise<RunResult> {
  const { plan, input } = job;
  const run = randomBytes(8).toString('hex');
  const context = await RunContext.open(runtime, input, { run, signal: options.signal });
  const reports = new Map<string, TaskReport>();
  const done: DoneTask[] = [];
  const errors: ProvError[] = [];
  const shared: TaskOptions = { resolve: options.resolve ?? new Map(), reinstalled: new Set() };

  await context.journal.record('run.started', {
    run,
    plan: plan.digest,
    kind: plan.kind,
    process: identifyProcess(process.pid)!,
  });
  context.emit('run.started', {
    run,
    plan: plan.digest,
    kind: plan.kind,
    infra: plan.infra,
    tasks: plan.tasks.length,
  });
  try {
    await endLeftovers(context);
    if (plan.kind === 'deployment') await forgetLostServers(context);
    await schedule(plan.tasks, {
      concurrency: runtime.options.concurrency,
      signal: context.signal,
      run: (task) =>
        runOne(context, task, { shared, reports, done, errors, stopOnFailure: options.rollback === true }),
      onSkip: (task, because) => {
        const error = context.signal?.aborted ? 'cancelled' : 'skipped';
        reports.set(task.id, {
          id: task.id,
          ...describeTask(task),
          ending: error,
          changed: false,
          attempts: 0,
          durationMs: 0,
        });
        context.emit(`task.${error}`, {
          task: task.id,
          ...describeTask(task),
          ...(because === undefined ? {} : { because }),
        });
      },
    });
  } catch (thrown) {
    if (!context.signal?.aborted) throw thrown;
    errors.push(new ProvError('RUNTIME_CANCELLED', {}, { cause: thrown }));
  }
  const status = statusOf(context, reports, errors);
  const rollback =
    status === 'failed' && options.rollback && plan.kind === 'deployment'
      ? await rollBack(context, plan, done)
      : undefined;
  await context.journal.record('run.finished', { run, status });
  const tasks = plan.tasks.map((task) => reports.get(task.id)).filter((report) => report !== undefined);
  const counts = count(plan, reports);
  context.emit('run.finished', { run, status, ...counts });
  const error = status === 'cancelled' ? new ProvError('RUNTIME_CANCELLED') : errors[0];
  return {
    run,
    plan: plan.digest,
    status,
    tasks,
    counts,
    ...(rollback === undefined ? {} : { rollback }),
    ...(error === undefined ? {} : { error }),
  };
}

interface Shared {
  readonly shared: TaskOptions;
  readonly reports: Map<string, TaskReport>;
  readonly done: DoneTask[];
  readonly errors: ProvError[];
  readonly stopOnFailure: boolean;
}

async function runOne(context: RunContext, task: PlanTask, parts: Shared): Promise<Ending> {
  const updated = context.journal.task(task.id)?.inputsDigest !== undefined;
  const started = performance.now();
  try {
    const report = await runTask(context, task, parts.shared);
    parts.reports.set(task.id, report);
    if (report.ending === 'succeeded') parts.done.push({ task, updated, report });
    return 'succeeded';
  } catch (thrown) {
    const error = toProvError(thrown);
    if (isEngineFailure(error)) throw thrown;
    const ending = endingOf(context, error);
    const durationMs = Math.round(performance.now() - started);
    const report = {
      id: task.id,
      ...describeTask(task),
      ending,
      changed: false,
      attempts: 1,
      durationMs,
      error,
    };
    parts.reports.set(task.id, report);
    if (ending !== 'cancelled') parts.errors.push(error);
    if (ending === 'failed') parts.done.push({ task, updated, report });
    const event = ending === 'cancelled' ? 'task.cancelled' : 'task.failed';
    context.emit(event, {
      task: task.id,
      ...describeTask(task),
      code: error.code,
      message: error.message,
      hint: error.hint,
    });
    return ending === 'failed' && !parts.stopOnFailure ? 'failed' : 'stop';
  }
}

function endingOf(context: RunContext, error: ProvError): 'failed' | 'in_doubt' | 'cancelled' {
  if (isProvError(error, 'RUNTIME_TASK_IN_DOUBT')) return 'in_doubt';
  return context.signal?.aborted || isProvError(error, 'RUNTIME_CANCELLED') ? 'cancelled' : 'failed';
}

/** The event log cannot be trusted any more: nothing may go on as if it could. */
function isEngineFailure(error: ProvError): boolean {
  return error.code === 'RUNTIME_LOG_CONFLICT' || error.code.startsWith('DB_');
}

function statusOf(
  context: RunContext,
  reports: ReadonlyMap<string, TaskReport>,
  errors: readonly ProvError[],
): RunResult['status'] {
  const endings = new Set([...reports.values()].map((report) => report.ending));
  if (endings.has('cancelled') || (context.signal?.aborted && endings.has('skipped'))) return 'cancelled';
  if (endings.has('in_doubt')) return 'in_doubt';
  return errors.length > 0 || endings.has('failed') ? 'failed' : 'succeeded';
}

function count(plan: Plan, reports: ReadonlyMap<string, TaskReport>): RunResult['counts'] {
  const endings = plan.tasks
    .filter((task) => isRemembered(task.op) || plan.kind === 'removal')
    .map((task) => reports.get(task.id)?.ending);
  const of = (ending: TaskReport['ending']) => endings.filter((each) => each === ending).length;
  return { ran: of('succeeded') + of('failed'), adopted: of('adopted'), unchanged: of('unchanged') };
}
