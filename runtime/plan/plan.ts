import type { Digest } from '#base';
import type { Kind } from '#schemas';

/** What a task does. The first four change things and are remembered; the rest are asked on every run. */
export const TASK_OPS = [
  'server.create',
  'ports.reserve',
  'taskserv.install',
  'cluster.install',
  'services.start',
  'health',
  'services.stop',
  'taskserv.uninstall',
  'cluster.uninstall',
  'server.delete',
] as const;
export type TaskOp = (typeof TASK_OPS)[number];

export interface PlanExtension {
  readonly kind: Kind;
  readonly name: string;
  readonly version: string;
  readonly digest: string;
}

/** One node of a plan. `id` is stable between runs: `op:server[/extension]`. */
export interface PlanTask {
  readonly id: string;
  readonly op: TaskOp;
  readonly provider: string;
  readonly server: string;
  readonly extension?: PlanExtension;
  /** Ids of tasks that must have succeeded before. Sorted. */
  readonly dependsOn: readonly string[];
  /** Digest of everything that decides what the task does; equal to that of its last success = nothing to do. */
  readonly inputsDigest: Digest;
  /** Names of the ports the extension listens on. */
  readonly ports?: readonly string[];
  /** Extension or capability name → id of the task whose outputs the script gets. */
  readonly outputsFrom?: Readonly<Record<string, string>>;
  /** Higher starts first among the tasks that are ready; 0 to 100. */
  readonly priority: number;
  /** Why it is in the plan, for people. */
  readonly reason: string;
}

/** A frozen, content-addressed plan. `digest` is the sha256 of the canonical JSON of the other members. */
export interface Plan {
  readonly schema: 1;
  readonly kind: 'deployment' | 'removal';
  readonly workspace: string;
  readonly infra: string;
  /** In an order in which they could be run one by one. */
  readonly tasks: readonly PlanTask[];
  readonly digest: Digest;
}

const REMEMBERED: ReadonlySet<TaskOp> = new Set([
  'server.create',
  'ports.reserve',
  'taskserv.install',
  'cluster.install',
]);

/** Whether a success of this operation is remembered, so that equal inputs are not run again. */
export function isRemembered(op: TaskOp): boolean {
  return REMEMBERED.has(op);
}
