import type { Digest } from '#base';
import type { ServiceDefinition } from '#schemas';

/** A process as the kernel knows it; enough to tell it from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time as the platform prints it. */
  readonly startTime: string;
  /** Changes with every boot; pids of another boot mean nothing. */
  readonly bootId: string;
}

/** Why an attempt did not succeed; decides whether and when to try again. */
export const FAILURE_CLASSES = [
  'transient',
  'throttled',
  'authentication',
  'invalid',
  'conflict',
  'quota',
  'timed_out',
  'cancelled',
  'killed',
  'failed',
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** What an extension's task left behind, for those that depend on it. */
export interface TaskProducts {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly services: readonly ServiceDefinition[];
}

/** Every event of a deployment's stream, by `type`. A word never changes its meaning. */
export interface EventData {
  'run.started': {
    readonly run: string;
    readonly plan: Digest;
    readonly kind: string;
    readonly process: ProcessIdentity;
  };
  'run.finished': { readonly run: string; readonly status: string };
  /** Durable before the script may begin. */
  'task.intent': {
    readonly run: string;
    readonly op: string;
    readonly attempt: number;
    readonly key: string;
    readonly inputsDigest: Digest;
    readonly version?: string;
  };
  /** Durable before the script may begin: its process waits for it. */
  'task.spawned': { readonly process: ProcessIdentity; readonly op: string };
  'task.succeeded': {
    readonly inputsDigest: Digest;
    /** Digest of what the task got from others (outputs, ports). */
    readonly givenDigest: Digest;
    readonly changed: boolean;
    readonly outputs: Readonly<Record<string, unknown>>;
    readonly services: readonly ServiceDefinition[];
    /** Found done by `check` or said so by the user, not run to its end by us. */
    readonly adopted?: 'check' | 'operator';
    readonly version?: string;
  };
  'task.failed': { readonly class: FailureClass; readonly message: string; readonly exit?: number };
  /** `check` or the user said that the effect of an open intent is not there. */
  'task.absent': { readonly by: 'check' | 'operator' | 'provider' };
  'task.undone': { readonly by: string };
  'services.started': { readonly definitions: Digest; readonly services: readonly string[] };
  'services.stopped': { readonly services: readonly string[] };
}
export type EventType = keyof EventData;
