import { type DeploymentState, EMPTY_STATE } from '../event-log/fold-state.js';
import { isRemembered, type Plan, type PlanTask, type TaskOp } from './plan.js';

/**
 * What a run would do with a task: `run` (never done), `update` (done with other inputs), `settle` (find
 * out first what an interrupted attempt did), `unchanged`, or `ask` (services and health: looked at on
 * every run).
 */
export type PlannedAction = 'run' | 'update' | 'settle' | 'unchanged' | 'ask';

export interface PlannedTask {
  readonly id: string;
  readonly op: TaskOp;
  readonly server: string;
  readonly extension?: string;
  readonly version?: string;
  /** Version of the last success, when another one is planned. */
  readonly from?: string;
  readonly action: PlannedAction;
  readonly reason: string;
  readonly dependsOn: readonly string[];
}

export interface PlanView {
  readonly digest: string;
  readonly infra: string;
  readonly tasks: readonly PlannedTask[];
  /** How many tasks would run: 0 = nothing to install. */
  readonly toRun: number;
  /** Installed earlier, not in this plan; a deployment leaves them alone. */
  readonly orphans: readonly string[];
}

/** The plan beside what the event log knows, as data for `--check`. Changes nothing. */
export function renderPlan(plan: Plan, state: DeploymentState = EMPTY_STATE): PlanView {
  const tasks = plan.tasks.map((task): PlannedTask => {
    const last = state.tasks.get(task.id);
    const action = plannedAction(task, state);
    const from = action === 'update' && last?.version !== task.extension?.version ? last?.version : undefined;
    return {
      id: task.id,
      op: task.op,
      server: task.server,
      ...(task.extension === undefined
        ? {}
        : { extension: `${task.extension.kind} ${task.extension.name}`, version: task.extension.version }),
      ...(from === undefined ? {} : { from }),
      action,
      reason: task.reason,
      dependsOn: task.dependsOn,
    };
  });
  const planned = new Set(plan.tasks.map((task) => task.id));
  const known = [...state.tasks.values()].filter(
    (task) => task.inputsDigest !== undefined && isInstallation(task.id),
  );
  return {
    digest: plan.digest,
    infra: plan.infra,
    tasks,
    toRun: tasks.filter((task) => task.action !== 'unchanged' && task.action !== 'ask').length,
    orphans:
      plan.kind === 'removal'
        ? []
        : known
            .map((task) => task.id)
            .filter((id) => !planned.has(id))
            .sort(),
  };
}

function plannedAction(task: PlanTask, state: DeploymentState): PlannedAction {
  if (task.op === 'services.start' || task.op === 'services.stop' || task.op === 'health') return 'ask';
  const last = state.tasks.get(task.id);
  if (last?.status === 'open') return 'settle';
  if (!isRemembered(task.op) || last?.inputsDigest === undefined) return 'run';
  if (last.status === 'succeeded' && last.inputsDigest === task.inputsDigest) return 'unchanged';
  return 'update';
}

function isInstallation(id: string): boolean {
  return /^(?:taskserv|cluster)\.install:|^server\.create:/.test(id);
}
