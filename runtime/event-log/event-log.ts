/** A fact to be appended. `type` is a word of `events.ts`; `data` is plain JSON without secrets. */
export interface NewEvent {
  readonly type: string;
  /** Id of the task it is about. */
  readonly task?: string | undefined;
  /** ISO time. */
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface StoredEvent extends NewEvent {
  readonly stream: string;
  /** 1, 2, 3, … without gaps in a stream. */
  readonly seq: number;
}

/**
 * Durable, append-only streams of events. `append` is a compare-and-set, so that of two writers who both
 * believe to be the only one, the second is refused before it can do anything.
 */
export interface EventLog {
  /**
   * Appends all events or none and resolves with the new last sequence number once they are durable.
   * @throws RUNTIME_LOG_CONFLICT when the last sequence number of the stream is not `expectedSeq`.
   */
  append(stream: string, events: readonly NewEvent[], expectedSeq: number): Promise<number>;
  /** Events after `afterSeq` in order; all of them unless `limit` is given. */
  read(stream: string, afterSeq: number, limit?: number): Promise<readonly StoredEvent[]>;
  /** 0 when the stream does not exist. */
  lastSeq(stream: string): Promise<number>;
  /** Calls `listener` for every event appended through this log from now on; returns how to stop. */
  subscribe(stream: string, listener: (event: StoredEvent) => void): () => void;
  close(): Promise<void>;
}
