import { isProvError, type ProvError, Turns } from '#base';
import { boundedEach } from '#oci';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { type Rehearsed, rehearsed } from './rehearsed.js';

export interface ManyOptions<T> {
  /** What has the same key runs one after the other. */
  readonly keyOf: (item: T) => string;
  /** Goes on with the next one after a failure. */
  readonly keepGoing: boolean;
  readonly dryRun: boolean;
}

export interface ManyOutcomes<R> extends Rehearsed {
  /** In the order of the items; what failed gives its error. */
  readonly outcomes: readonly (R | ProvError)[];
  /** Requests made, by method. */
  readonly requests: Readonly<Record<string, number>>;
}

/** Small things wait more for answers than they move bytes. */
const AT_ONCE = 6;

/**
 * Runs one use case for each of many things, several at a time and over the same connections. Without `keepGoing`
 * nothing new is begun after the first failure, which is thrown.
 */
export async function runMany<T, R extends object>(
  items: readonly T[],
  options: ManyOptions<T>,
  context: ManagerContext,
  action: (item: T, context: ManagerContext) => Promise<R>,
): Promise<ManyOutcomes<R>> {
  const run = (within: ManagerContext) => runAll(items, options, within, action);
  return options.dryRun ? rehearsed(context, run) : run(context);
}

async function runAll<T, R extends object>(
  items: readonly T[],
  { keyOf, keepGoing }: ManyOptions<T>,
  context: ManagerContext,
  action: (item: T, context: ManagerContext) => Promise<R>,
): Promise<ManyOutcomes<R>> {
  const { signal, rehearsal } = context;
  const outcomes: (R | ProvError)[] = [];
  const turns = new Turns<string>();
  // A dry run tells its requests in order.
  const concurrency = rehearsal === undefined ? AT_ONCE : 1;
  return withRegistries(context, async (registries) => {
    const jobs = items.map((item, i) => ({ item, i }));
    await boundedEach(jobs, { concurrency, signal }, async ({ item, i }, inner) => {
      try {
        outcomes[i] = await turns.take(keyOf(item), () =>
          action(item, { ...context, registries, signal: inner }),
        );
      } catch (error) {
        if (!keepGoing || inner.aborted || !isProvError(error)) throw error;
        outcomes[i] = error;
      }
    });
    return { outcomes, requests: { ...registries.requests } };
  });
}
