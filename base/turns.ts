/** Runs what has the same key one after the other, in the order in which it came, whatever became of the one before. */
export class Turns<K> {
  readonly #last = new Map<K, Promise<unknown>>();

  take<T>(key: K, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const run = before.then(action, action);
    this.#last.set(key, run);
    return run;
  }
}
