const tails = new Map<string, Promise<unknown>>();

/**
 * Runs `action` when no other action of this process under the same key runs, in the order asked for. Two
 * stores on one directory share it, since the key is the real path.
 */
export async function exclusively<T>(key: string, action: () => Promise<T>): Promise<T> {
  const before = tails.get(key) ?? Promise.resolve();
  const run = before.then(action);
  const settled = run.then(
    () => undefined,
    () => undefined,
  );
  tails.set(key, settled);
  try {
    return await run;
  } finally {
    if (tails.get(key) === settled) tails.delete(key);
  }
}
