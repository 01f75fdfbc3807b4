import type { ByteProgress, CallOptions } from './content-store.js';

type Work = (options: CallOptions) => Promise<void>;

/** Work under way for one key. */
interface Running {
  readonly done: Promise<void>;
  readonly listeners: Set<(progress: ByteProgress) => void>;
  /** Who began it has left: its end says nothing to the others. */
  readonly left: () => boolean;
}

/**
 * Work that several ask for at the same time is done once, and all of them are told how far it is. Each waits by its
 * own signal. Who began it takes its connection along when it leaves: then the next one goes on with its own, so
 * nobody fails because of another's interruption.
 */
export class SharedWork {
  readonly #running = new Map<string, Running>();

  /** `work` should find out itself what was done before it began. */
  async run(key: string, work: Work, options: CallOptions = {}): Promise<void> {
    for (;;) {
      options.signal?.throwIfAborted();
      const running = this.#running.get(key);
      if (running === undefined) return this.#begin(key, work, options);
      try {
        return await join(running, options);
      } catch (error) {
        if (options.signal?.aborted || !running.left()) throw error;
      }
    }
  }

  async #begin(key: string, work: Work, { signal, onProgress }: CallOptions): Promise<void> {
    const listeners = new Set(onProgress === undefined ? [] : [onProgress]);
    const tell = (progress: ByteProgress) => {
      for (const each of listeners) each(progress);
    };
    const done = work({ signal, onProgress: tell });
    this.#running.set(key, { done, listeners, left: () => signal?.aborted === true });
    try {
      await done;
    } finally {
      this.#running.delete(key);
    }
  }
}

async function join(running: Running, { signal, onProgress }: CallOptions): Promise<void> {
  let onAbort = () => {};
  const left = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason);
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  if (onProgress !== undefined) running.listeners.add(onProgress);
  try {
    await Promise.race([running.done, left]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    if (onProgress !== undefined) running.listeners.delete(onProgress);
  }
}
