import type { Digest } from '#base';
import type { StoredEvent } from './event-log.js';
import type { EventData, EventType, FailureClass, ProcessIdentity, TaskProducts } from './events.js';

/**
 * Where a task stands. `open`: an intent without a result, so nobody knows whether the effect happened.
 * `failed` keeps the products of an earlier success, which is still there unless a rollback took it away.
 */
export type TaskStatus = 'pending' | 'open' | 'succeeded' | 'failed';

export interface TaskState extends TaskProducts {
  readonly id: string;
  readonly status: TaskStatus;
  /** Operation of the last intent (`taskserv.install`, `rollback`, …). */
  readonly op?: string;
  readonly attempt: number;
  /** Logical executions so far; part of the idempotency key. */
  readonly generation: number;
  readonly key?: string;
  /** Of the last intent. */
  readonly intentDigest?: Digest;
  /** Of the last success; absent = never, or undone since. */
  readonly inputsDigest?: Digest;
  readonly givenDigest?: Digest;
  readonly version?: string;
  readonly failure?: { readonly class: FailureClass; readonly message: string };
  /** Processes that the open intent has started. */
  readonly processes: readonly ProcessIdentity[];
  /** Digest of the service definitions last started. */
  readonly startedDefinitions?: Digest;
}

/** What the event log says of one infra. */
export interface DeploymentState {
  readonly seq: number;
  readonly tasks: ReadonlyMap<string, TaskState>;
  /** The last run and how it ended; no status = it is running or was killed. */
  readonly run?: { readonly id: string; readonly plan: Digest; readonly status?: string };
}

export const EMPTY_STATE: DeploymentState = { seq: 0, tasks: new Map() };

/** State is nothing but the fold of the events: the same events give the same state. */
export function foldState(
  events: readonly StoredEvent[],
  from: DeploymentState = EMPTY_STATE,
): DeploymentState {
  const state: MutableState = { ...from, tasks: new Map(from.tasks) };
  for (const event of events) applyEvent(state, event);
  return state;
}

/** A state that its one owner brings forward in place: a copy for each event would be quadratic. */
export interface MutableState extends DeploymentState {
  seq: number;
  tasks: Map<string, TaskState>;
  run?: NonNullable<DeploymentState['run']>;
}

export function applyEvent(state: MutableState, event: StoredEvent): void {
  state.seq = event.seq;
  if (event.type === 'run.started') {
    const data = event.data as unknown as EventData['run.started'];
    state.run = { id: data.run, plan: data.plan };
  } else if (event.type === 'run.finished' && state.run !== undefined) {
    state.run = { ...state.run, status: (event.data as unknown as EventData['run.finished']).status };
  } else if (event.task !== undefined) {
    state.tasks.set(event.task, next(state.tasks.get(event.task) ?? fresh(event.task), event));
  }
}

function fresh(id: string): TaskState {
  return { id, status: 'pending', attempt: 0, generation: 0, outputs: {}, services: [], processes: [] };
}

function next(state: TaskState, event: StoredEvent): TaskState {
  const data = event.data as unknown as EventData[EventType];
  switch (event.type as EventType) {
    case 'task.intent': {
      const { op, attempt, key, inputsDigest } = data as EventData['task.intent'];
      const { failure: _cleared, ...rest } = state;
      const generation = key === state.key ? state.generation : state.generation + 1;
      return {
        ...rest,
        status: 'open',
        op,
        attempt,
        key,
        generation,
        intentDigest: inputsDigest,
        processes: [],
      };
    }
    case 'task.spawned':
      return { ...state, processes: [...state.processes, (data as EventData['task.spawned']).process] };
    case 'task.succeeded': {
      const { inputsDigest, givenDigest, outputs, services, version } = data as EventData['task.succeeded'];
      const { failure: _cleared, version: _old, ...rest } = state;
      const products = { inputsDigest, givenDigest, outputs, services };
      return {
        ...rest,
        ...products,
        ...(version === undefined ? {} : { version }),
        status: 'succeeded',
        processes: [],
      };
    }
    case 'task.failed': {
      const { class: failureClass, message } = data as EventData['task.failed'];
      return { ...state, status: 'failed', failure: { class: failureClass, message }, processes: [] };
    }
    case 'task.absent': {
      const { by } = data as EventData['task.absent'];
      const { generation, attempt, key, intentDigest } = state;
      if (by === 'provider' || key === undefined || intentDigest === undefined)
        return { ...fresh(state.id), generation };
      return { ...fresh(state.id), generation, attempt, key, intentDigest };
    }
    case 'task.undone':
      return { ...fresh(state.id), generation: state.generation };
    case 'services.started':
      return { ...state, startedDefinitions: (data as EventData['services.started']).definitions };
    case 'services.stopped': {
      const { startedDefinitions: _stopped, ...rest } = state;
      return rest;
    }
    default:
      return state;
  }
}
