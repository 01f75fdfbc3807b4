import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retry } from './retry.js';

const failing = (error = new Error('no')) => {
  const tries: number[] = [];
  return {
    tries,
    action: async (attempt: number): Promise<void> => {
      tries.push(attempt);
      throw error;
    },
  };
};

test('the first success ends it', async () => {
  const delays: number[] = [];
  const value = await retry(
    async (attempt) => {
      if (attempt < 3) throw new Error('not yet');
      return attempt;
    },
    { baseDelayMs: 1, shouldRetry: () => true, onRetry: (_error, _attempt, delayMs) => delays.push(delayMs) },
  );
  assert.equal(value, 3);
  assert.equal(delays.length, 2);
});

test('after the last attempt its error is thrown', async () => {
  const { tries, action } = failing();
  await assert.rejects(retry(action, { attempts: 3, baseDelayMs: 1, shouldRetry: () => true }), /no/);
  assert.deepEqual(tries, [1, 2, 3]);
});

test('an error that is not worth it is thrown at once', async () => {
  const { tries, action } = failing();
  const seen: [string, number][] = [];
  await assert.rejects(
    retry(action, {
      shouldRetry: (error, attempt) => {
        seen.push([(error as Error).message, attempt]);
        return false;
      },
    }),
    /no/,
  );
  assert.deepEqual(tries, [1]);
  assert.deepEqual(seen, [['no', 1]]);
});

/** The delays before all retries of an action that always fails, scaled down a thousandfold. */
async function delays(random: () => number): Promise<number[]> {
  const found: number[] = [];
  const done = retry(failing().action, {
    attempts: 9,
    baseDelayMs: 0.25,
    maxDelayMs: 30,
    shouldRetry: () => true,
    onRetry: (_error, _attempt, delayMs) => found.push(delayMs * 1000),
    random,
  });
  await assert.rejects(done, /no/);
  return found;
}

test('delays double up to the longest, with jitter between half and the whole', async () => {
  const whole = [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000];
  assert.deepEqual(
    await delays(() => 0),
    whole.map((ms) => ms / 2),
  );
  const highest = await delays(() => 1 - Number.EPSILON);
  for (const [i, ms] of highest.entries()) assert.ok(ms <= whole[i]! && ms > whole[i]! * 0.99, `${ms}`);
  let state = 42;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const jittered = await delays(random);
  for (const [i, ms] of jittered.entries())
    assert.ok(ms >= whole[i]! / 2 && ms < whole[i]!, `seed 42: ${ms}`);
  assert.ok(new Set(jittered.map((ms, i) => ms / whole[i]!)).size > 4, 'seed 42: the jitter differs');
});

test('what the server asks for is waited for, plus jitter, and not cut by the longest delay', async () => {
  for (const [afterMs, random, expected] of [
    [60_000, 0, 60_000],
    [60_000, 0.5, 60_125],
    [0, 0, 0],
  ] as const) {
    const controller = new AbortController();
    let waited: number | undefined;
    const done = retry(failing().action, {
      shouldRetry: () => ({ afterMs }),
      random: () => random,
      signal: controller.signal,
      onRetry: (_error, _attempt, delayMs) => {
        waited = delayMs;
        controller.abort();
      },
    });
    await assert.rejects(done, { name: 'AbortError' });
    assert.equal(waited, expected);
  }
});

test('an abort ends the wait at once', async () => {
  const controller = new AbortController();
  const { tries, action } = failing();
  const started = performance.now();
  await assert.rejects(
    retry(action, {
      baseDelayMs: 60_000,
      maxDelayMs: 60_000,
      shouldRetry: () => true,
      signal: controller.signal,
      onRetry: () => setTimeout(() => controller.abort(), 5),
    }),
    { name: 'AbortError' },
  );
  assert.deepEqual(tries, [1]);
  assert.ok(performance.now() - started < 2000);
});

test('nothing is tried when it is aborted before, nor again when it is aborted during an attempt', async () => {
  const { tries, action } = failing();
  const before = { shouldRetry: () => true, signal: AbortSignal.abort(new Error('enough')) };
  await assert.rejects(retry(action, before), /enough/);
  assert.equal(tries.length, 0);
  const controller = new AbortController();
  await assert.rejects(
    retry(
      async (attempt): Promise<void> => {
        tries.push(attempt);
        controller.abort();
        throw new Error('cut off');
      },
      { shouldRetry: () => true, signal: controller.signal },
    ),
    /cut off/,
  );
  assert.deepEqual(tries, [1]);
});
