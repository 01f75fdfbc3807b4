export interface BoundedOptions {
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `action` over `items`, a bounded number at a time. After the first failure no item is begun, those
 * under way are told to stop by their signal, and the failure is thrown when all of them have ended.
 */
export async function boundedEach<T>(
  items: readonly T[],
  options: BoundedOptions,
  action: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const failures: unknown[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    while (next < items.length && failures.length === 0) {
      const item = items[next++]!;
      try {
        signal.throwIfAborted();
        await action(item, signal);
      } catch (error) {
        failures.push(error);
        stop.abort(error);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, Math.min(options.concurrency, items.length)) }, worker));
  if (failures.length > 0) throw failures[0];
}
