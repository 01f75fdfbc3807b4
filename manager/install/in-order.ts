export interface InOrderOptions<T> {
  /** What has to be done before an item; what is not among the items counts as done. */
  after(item: T): readonly T[];
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `action` for every item after those it comes after, a bounded number at a time. `items` is such an order already:
 * what a cycle puts later is not waited for. After the first failure no item is begun, those under way are told to
 * stop by their signal, and the failure is thrown when all of them have ended.
 */
export async function inOrder<T>(
  items: readonly T[],
  { after, concurrency, signal: outer }: InOrderOptions<T>,
  action: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const signal = outer === undefined ? stop.signal : AbortSignal.any([outer, stop.signal]);
  const waits = new Map<T, number>();
  const followers = new Map<T, T[]>();
  const ready: T[] = [];
  for (const item of items) {
    const earlier = new Set(after(item).filter((each) => waits.has(each)));
    for (const each of earlier) followers.set(each, [...(followers.get(each) ?? []), item]);
    waits.set(item, earlier.size);
    if (earlier.size === 0) ready.push(item);
  }
  const failures: unknown[] = [];
  const running = new Set<Promise<void>>();
  const run = async (item: T): Promise<void> => {
    try {
      signal.throwIfAborted();
      await action(item, signal);
      for (const each of followers.get(item) ?? []) {
        const left = waits.get(each)! - 1;
        waits.set(each, left);
        if (left === 0) ready.push(each);
      }
    } catch (error) {
      failures.push(error);
      stop.abort(error);
    }
  };
  for (;;) {
    while (failures.length === 0 && running.size < concurrency && ready.length > 0) {
      const one: Promise<void> = run(ready.shift()!).finally(() => running.delete(one));
      running.add(one);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (failures.length > 0) throw failures[0];
}
