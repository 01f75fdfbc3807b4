/** What a runtime tells while it works; one NDJSON line each under `--out ndjson`. */
export interface RuntimeEvent {
  readonly event:
    | 'run.started'
    | 'run.finished'
    | 'task.unchanged'
    | 'task.started'
    | 'task.progress'
    | 'task.log'
    | 'task.checked'
    | 'task.adopted'
    | 'task.retry'
    | 'task.succeeded'
    | 'task.failed'
    | 'task.skipped'
    | 'task.cancelled'
    | 'process.killed'
    | 'service.started'
    | 'service.stopped'
    | 'health.waiting'
    | 'health.passed'
    | 'rollback.started'
    | 'rollback.step';
  readonly time: string;
  readonly task?: string;
  readonly server?: string;
  readonly extension?: string;
  readonly [member: string]: unknown;
}

export type Emit = (event: RuntimeEvent['event'], members?: Readonly<Record<string, unknown>>) => void;

/** An `Emit` that stamps the time. */
export function createEmit(listener: ((event: RuntimeEvent) => void) | undefined): Emit {
  return (event, members = {}) => listener?.({ event, time: new Date().toISOString(), ...members });
}
