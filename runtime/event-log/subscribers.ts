import type { StoredEvent } from './event-log.js';

type Listener = (event: StoredEvent) => void;

/** Who wants to hear of new events, by stream. */
export class Subscribers {
  readonly #listeners = new Map<string, Set<Listener>>();

  add(stream: string, listener: Listener): () => void {
    const set = this.#listeners.get(stream) ?? new Set();
    this.#listeners.set(stream, set);
    set.add(listener);
    return () => set.delete(listener);
  }

  notify(events: readonly StoredEvent[]): void {
    for (const event of events) {
      for (const listener of this.#listeners.get(event.stream) ?? []) listener(event);
    }
  }
}
