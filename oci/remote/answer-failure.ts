import { type ErrorCode, ProvError } from '#base';
import { type ReadOptions, readAnswer } from './http/answer-body.js';
import type { Answer } from './http/transport.js';
import { whereOf } from './http/transport-failure.js';
import { parseRateLimit } from './rate-limit.js';
import { adviseRetry } from './retry-advice.js';
import { parseRetryAfter } from './retry-after.js';

/** Of an error's body, this much is read. */
const BODY_BYTES = 8 * 1024;
const REASON_LENGTH = 300;
const RETRIED: readonly number[] = [408, 425, 429, 499, 500, 502, 503, 504, 522];

/** What an answer outside the expected ones means. `codes` are the OCI error codes of its body. */
export async function answerFailure(answer: Answer, options: ReadOptions): Promise<ProvError> {
  const { status, headers } = answer;
  const { codes, reason } = readErrorBody(await firstBytes(answer, options), status);
  const requestId = headers['x-request-id'] ?? headers['x-github-request-id'] ?? headers['x-amzn-requestid'];
  const limit = status === 429 ? parseRateLimit(headers) : undefined;
  const afterMs = parseRetryAfter(headers['retry-after']) ?? limit?.resetMs;
  const details = {
    ...whereOf({ method: options.method, target: answer.target }),
    status,
    reason,
    codes,
    ...(typeof requestId === 'string' ? { requestId: requestId.slice(0, 128) } : {}),
    ...(status === 429 ? { seconds: Math.ceil((afterMs ?? 0) / 1000) } : {}),
  };
  const error = new ProvError(codeFor(status, codes), details);
  const unknownBlob = error.code === 'OCI_REMOTE_BLOB_UNKNOWN';
  return RETRIED.includes(status) && !unknownBlob ? adviseRetry(error, { afterMs }) : error;
}

/** The OCI error codes an error of ours was made from. */
export function ociCodes(error: ProvError): readonly string[] {
  const codes = error.details['codes'];
  return Array.isArray(codes) ? codes.filter((code) => typeof code === 'string') : [];
}

function codeFor(status: number, codes: readonly string[]): ErrorCode {
  if (codes.includes('MANIFEST_BLOB_UNKNOWN')) return 'OCI_REMOTE_BLOB_UNKNOWN';
  if (status === 401) return 'OCI_AUTH_REQUIRED';
  if (status === 403) return 'OCI_AUTH_FORBIDDEN';
  if (status === 413) return 'OCI_REMOTE_TOO_LARGE';
  if (status === 429) return 'OCI_REMOTE_RATE_LIMITED';
  if (status >= 500 || RETRIED.includes(status)) return 'OCI_REMOTE_UNAVAILABLE';
  if (status < 400) return 'OCI_REMOTE_ANSWER_INVALID';
  return 'OCI_REMOTE_REFUSED';
}

async function firstBytes(answer: Answer, options: ReadOptions): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of readAnswer(answer, options)) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size >= BODY_BYTES) break;
    }
  } catch (error) {
    if (options.signal?.aborted) throw error;
    // The status says enough; a body that broke off only shortens the reason.
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8');
}

function readErrorBody(text: string, status: number): { codes: string[]; reason: string } {
  const found = jsonErrors(text);
  const codes = found.map(({ code }) => code).filter((code) => code !== '');
  const parts = found.map(({ code, message }) => [code, message].filter((part) => part !== '').join(': '));
  const plain = /^\s*</.test(text) ? '' : text;
  const reason = printable(parts.length > 0 ? parts.join('; ') : plain);
  return { codes, reason: reason === '' ? `status ${status}, without a reason` : reason };
}

function jsonErrors(text: string): { code: string; message: string }[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [];
  }
  const errors = (body as { errors?: unknown } | null)?.errors;
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, 8).map((each: unknown) => {
    const { code, message } = (each ?? {}) as Record<string, unknown>;
    return {
      code: typeof code === 'string' ? code : '',
      message: typeof message === 'string' ? message : '',
    };
  });
}

function printable(text: string): string {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ').trim();
  return line.length > REASON_LENGTH ? `${line.slice(0, REASON_LENGTH)}…` : line;
}
