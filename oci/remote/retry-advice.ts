import type { ProvError } from '#base';

/** Whether and when a failed request is worth another try; kept beside the error, not in it. */
export interface RetryAdvice {
  /** What the server asked for. */
  readonly afterMs?: number | undefined;
  /** The server was never reached: one more try is enough when it has not spoken to us before. */
  readonly firstContact?: boolean | undefined;
  /** The server was reached and said nothing: each such try costs a whole time limit, so there are few. */
  readonly silent?: boolean | undefined;
}

const advices = new WeakMap<object, RetryAdvice>();

/** Marks an error of our own exchange as worth retrying. Errors without advice are final. */
export function adviseRetry(error: ProvError, advice: RetryAdvice): ProvError {
  advices.set(error, advice);
  return error;
}

export function retryAdvice(error: unknown): RetryAdvice | undefined {
  return typeof error === 'object' && error !== null ? advices.get(error) : undefined;
}

/** Makes an error final here: what went wrong elsewhere (in the source of a body) is not ours to repeat. */
export function withoutAdvice<T>(error: T): T {
  if (typeof error === 'object' && error !== null) advices.delete(error);
  return error;
}
