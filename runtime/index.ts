export { type DeployOptions, deploy, parseResolution, removeDeployment } from './engine/deploy.js';
export { DEFAULT_RETRY, type RetryPolicy, retryDelayMs } from './engine/retry-policy.js';
export type { RollbackStep } from './engine/roll-back.js';
export { type RunOptions, type RunResult, runPlan } from './engine/run-plan.js';
export {
  DEFAULT_CONCURRENCY,
  DEFAULT_TASK_TIMEOUT_MS,
  openRuntime,
  type Runtime,
  type RuntimeOptions,
} from './engine/runtime.js';
export type { RuntimeEvent } from './engine/runtime-event.js';
export type { TaskEnding, TaskReport } from './engine/task-report.js';
export type { EventLog, NewEvent, StoredEvent } from './event-log/event-log.js';
export type { EventData, EventType, FailureClass, ProcessIdentity } from './event-log/events.js';
export {
  type DeploymentState,
  EMPTY_STATE,
  foldState,
  type TaskState,
  type TaskStatus,
} from './event-log/fold-state.js';
export { createMemoryEventLog } from './event-log/memory-event-log.js';
export { openEventLog, readEventLog } from './event-log/sqlite-event-log.js';
export type { Interpreters } from './executor/interpreter.js';
export { runScript, type ScriptCall, type ScriptOutcome } from './executor/run-script.js';
export type {
  DependencyEdge,
  DeploymentInput,
  DeploymentModule,
  LocalAsset,
  Placed,
  ServerPlacement,
} from './plan/deployment-input.js';
export { deploymentInputOf } from './plan/deployment-input-of.js';
export type { Plan, PlanExtension, PlanTask, TaskOp } from './plan/plan.js';
export { planDeployment } from './plan/plan-deployment.js';
export { planRemoval } from './plan/plan-removal.js';
export { type PlannedAction, type PlannedTask, type PlanView, renderPlan } from './plan/render-plan.js';
export type { InstanceHealth } from './provider-host/check-instance.js';
export type {
  ExecCommand,
  ExecResult,
  Provider,
  ProviderCall,
  ServerState,
  ServiceState,
  Target,
} from './provider-host/provider.js';
export {
  checkHealth,
  execOnServer,
  listServers,
  type ServiceStatus,
  serviceStatus,
  startServices,
  stopServices,
} from './provider-host/services.js';
