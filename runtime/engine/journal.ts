import { redact } from '#base';
import type { EventLog, NewEvent } from '../event-log/event-log.js';
import type { EventData, EventType } from '../event-log/events.js';
import {
  applyEvent,
  type DeploymentState,
  foldState,
  type MutableState,
  type TaskState,
} from '../event-log/fold-state.js';

interface Waiting {
  readonly event: NewEvent;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one writer of a deployment's stream and its state as far as it is durable. Records that come while
 * another is being written share the next write. After a failed write nothing more is accepted.
 */
export class Journal {
  readonly #eventLog: EventLog;
  readonly #stream: string;
  readonly #state: MutableState;
  #waiting: Waiting[] = [];
  #writing = false;
  #broken: unknown;

  private constructor(eventLog: EventLog, stream: string, state: DeploymentState) {
    this.#eventLog = eventLog;
    this.#stream = stream;
    this.#state = { ...state, tasks: new Map(state.tasks) };
  }

  static async open(eventLog: EventLog, stream: string): Promise<Journal> {
    return new Journal(eventLog, stream, foldState(await eventLog.read(stream, 0)));
  }

  get state(): DeploymentState {
    return this.#state;
  }

  task(id: string): TaskState | undefined {
    return this.#state.tasks.get(id);
  }

  /** Resolves when the event is durable and part of `state`. Registered secrets are masked. @throws RUNTIME_LOG_CONFLICT */
  record<T extends EventType>(type: T, data: EventData[T], task?: string): Promise<void> {
    const plain = JSON.parse(JSON.stringify(data, masked)) as Readonly<Record<string, unknown>>;
    const event = {
      type,
      time: new Date().toISOString(),
      data: plain,
      ...(task === undefined ? {} : { task }),
    };
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
      if (!this.#writing) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        if (this.#broken !== undefined) throw this.#broken;
        await this.#write(batch.map((each) => each.event));
        for (const each of batch) each.resolve();
      } catch (error) {
        this.#broken = error;
        for (const each of batch) each.reject(error);
      }
    }
    this.#writing = false;
  }

  async #write(events: readonly NewEvent[]): Promise<void> {
    const { seq } = this.#state;
    await this.#eventLog.append(this.#stream, events, seq);
    for (const [index, event] of events.entries()) {
      applyEvent(this.#state, { ...event, stream: this.#stream, seq: seq + index + 1 });
    }
  }
}

function masked(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? redact(value) : value;
}
