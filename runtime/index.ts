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
export type {
  DependencyEdge,
  DeploymentInput,
  DeploymentModule,
  LocalAsset,
  Placed,
  ServerPlacement,
} from './plan/deployment-input.js';
export type { Plan, PlanExtension, PlanTask, TaskOp } from './plan/plan.js';
export { planDeployment } from './plan/plan-deployment.js';
export { planRemoval } from './plan/plan-removal.js';
export { type PlannedAction, type PlannedTask, type PlanView, renderPlan } from './plan/render-plan.js';
