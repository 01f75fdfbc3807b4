import { digestOf } from '#base';
import type { RegistryContext } from '../context.js';
import { type Exchange, notModified, sendBytes, sendEmpty } from '../http/respond.js';

/** Bytes of answers kept in memory, for clients that ask whether theirs is still right. A small one counts as 4 KiB. */
const KEPT_BYTES = 64 * 1024 * 1024;
const LEAST_BYTES = 4 * 1024;

interface Answer {
  readonly changes: number;
  readonly etag: string;
  readonly bytes: Buffer;
}

const kept = new WeakMap<RegistryContext, Map<string, Answer>>();

export interface Question {
  /** The same for the same question. */
  readonly key: string;
  readonly mediaType: string;
  /** Makes the answer as text; it depends on nothing but what is published. */
  make(): Promise<string>;
}

/** Answers a question with an ETag, from memory while nothing was published since. */
export async function sendAnswer(
  context: RegistryContext,
  exchange: Exchange,
  question: Question,
): Promise<void> {
  const { bytes, etag } = await answerOf(context, question);
  const headers = { 'content-type': question.mediaType, etag, 'cache-control': 'no-cache' };
  if (notModified(exchange.request, etag)) return sendEmpty(exchange, 304, headers);
  return sendBytes(exchange, bytes, headers);
}

async function answerOf(context: RegistryContext, { key, make }: Question): Promise<Answer> {
  const answers = kept.get(context) ?? new Map<string, Answer>();
  kept.set(context, answers);
  const changes = context.cache.changeCount();
  // Questions can be as long as a request may be: only their digest is kept.
  const question = digestOf(key);
  const known = answers.get(question);
  if (known?.changes === changes) return known;
  const bytes = Buffer.from(await make());
  const answer = { changes, bytes, etag: `"${digestOf(bytes)}"` };
  answers.delete(question);
  answers.set(question, answer);
  let total = [...answers.values()].reduce((sum, each) => sum + costOf(each), 0);
  for (const [oldest, each] of answers) {
    if (total <= KEPT_BYTES) break;
    answers.delete(oldest);
    total -= costOf(each);
  }
  return answer;
}

function costOf({ bytes }: Answer): number {
  return Math.max(LEAST_BYTES, bytes.byteLength);
}
