import { type Digest, ProvError } from '#base';
import type { RunContext } from './run-context.js';
import { attemptOf, type Work } from './work.js';

/**
 * Finds out what an attempt without a known end has done, and puts it on record: `adopted` when the
 * effect is there, `run` when it is not or the task may simply be run again.
 * @throws RUNTIME_TASK_IN_DOUBT when neither can be said and the user has not said it
 */
export async function settle(
  context: RunContext,
  work: Work,
  facts: { givenDigest: Digest; resolve: 'done' | 'retry' | undefined; attempt: number },
): Promise<'adopted' | 'run'> {
  const { task } = work;
  const { journal } = context;
  const state = journal.task(task.id)!;
  const adopt = async (
    adopted: 'check' | 'operator',
    products = { outputs: state.outputs, services: state.services },
  ) => {
    const version = work.version === undefined ? {} : { version: work.version };
    const digests = { inputsDigest: task.inputsDigest, givenDigest: facts.givenDigest };
    await journal.record(
      'task.succeeded',
      { ...digests, changed: false, ...products, adopted, ...version },
      task.id,
    );
    return 'adopted' as const;
  };
  const absent = async (by: 'check' | 'operator') => {
    await journal.record('task.absent', { by }, task.id);
    return 'run' as const;
  };
  const check = work.check === undefined ? undefined : await ask(context, work, facts.attempt);
  if (facts.resolve === 'done')
    return adopt('operator', check?.status === 'done' ? check.products : undefined);
  if (facts.resolve === 'retry') return absent('operator');
  if (check?.status === 'absent') return absent('check');
  if (check?.status === 'done') {
    // Done, but with inputs that have changed since: its end is known, so the new ones can be run.
    if (state.intentDigest !== task.inputsDigest) return 'run';
    if (check.products !== undefined) return adopt('check', check.products);
    // What it left to others is not known; running it again is the better way to learn that.
    return work.idempotent ? 'run' : adopt('check');
  }
  if (work.idempotent) return 'run';
  const reason = work.check === undefined ? 'has no check script' : 'its check could not tell';
  throw new ProvError('RUNTIME_TASK_IN_DOUBT', { task: task.id, server: task.server, reason });
}

async function ask(context: RunContext, work: Work, attempt: number) {
  const { task } = work;
  const key = context.journal.task(task.id)?.key ?? context.keyOf(task.id, task.inputsDigest);
  const verdict = await work.check!(attemptOf(context, task, { attempt, key }));
  context.emit('task.checked', { task: task.id, status: verdict.status });
  return verdict;
}
