import type { ByteProgress, CallOptions } from '../content-store.js';

/** Work under way for one key, in this process. */
interface Fill {
  readonly done: Promise<void>;
  readonly listeners: Set<(progress: ByteProgress) => void>;
  /** Who began it has left: its end says nothing to the others. */
  readonly left: () => boolean;
}

const fills = new Map<string, Fill>();

/**
 * Runs `work` once for all who ask for `key` at the same time in this process, and tells all of them how far it is.
 * Each waits by its own signal. Who began it takes its connection along when it leaves: then the next one goes on
 * with its own, so nobody fails because of another's interruption.
 */
export async function shareFill(
  key: string,
  work: (options: CallOptions) => Promise<void>,
  options: CallOptions,
): Promise<void> {
  for (;;) {
    options.signal?.throwIfAborted();
    const running = fills.get(key);
    if (running === undefined) return begin(key, work, options);
    try {
      return await join(running, options);
    } catch (error) {
      if (options.signal?.aborted || !running.left()) throw error;
    }
  }
}

async function begin(
  key: string,
  work: (options: CallOptions) => Promise<void>,
  { signal, onProgress }: CallOptions,
): Promise<void> {
  const listeners = new Set(onProgress === undefined ? [] : [onProgress]);
  const tell = (progress: ByteProgress) => {
    for (const each of listeners) each(progress);
  };
  const done = work({ signal, onProgress: tell });
  const fill: Fill = { done, listeners, left: () => signal?.aborted === true };
  fills.set(key, fill);
  try {
    await done;
  } finally {
    fills.delete(key);
  }
}

async function join(fill: Fill, { signal, onProgress }: CallOptions): Promise<void> {
  let onAbort = () => {};
  const left = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason);
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  if (onProgress !== undefined) fill.listeners.add(onProgress);
  try {
    await Promise.race([fill.done, left]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    if (onProgress !== undefined) fill.listeners.delete(onProgress);
  }
}
