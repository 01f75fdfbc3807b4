import { ProvError } from '#base';
import type { EventLog, NewEvent, StoredEvent } from './event-log.js';
import { Subscribers } from './subscribers.js';

/** An event log that is gone with the process; for tests and dry runs. */
export function createMemoryEventLog(): EventLog {
  const streams = new Map<string, StoredEvent[]>();
  const subscribers = new Subscribers();
  return {
    async append(stream, events, expectedSeq) {
      const known = streams.get(stream) ?? [];
      if (known.length !== expectedSeq)
        throw new ProvError('RUNTIME_LOG_CONFLICT', { stream, expected: expectedSeq, actual: known.length });
      const stored = number(stream, events, expectedSeq);
      streams.set(stream, [...known, ...stored]);
      subscribers.notify(stored);
      return expectedSeq + events.length;
    },
    read: async (stream, afterSeq, limit) =>
      (streams.get(stream) ?? []).slice(afterSeq, limit === undefined ? undefined : afterSeq + limit),
    lastSeq: async (stream) => streams.get(stream)?.length ?? 0,
    subscribe: (stream, listener) => subscribers.add(stream, listener),
    close: async () => {},
  };
}

/** Gives events the sequence numbers that follow `expectedSeq`. */
export function number(
  stream: string,
  events: readonly NewEvent[],
  expectedSeq: number,
): readonly StoredEvent[] {
  return events.map((event, index) => ({ ...event, stream, seq: expectedSeq + index + 1 }));
}
