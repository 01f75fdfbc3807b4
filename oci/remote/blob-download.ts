import { type Digest, Digester, digestAlgorithm, ProvError } from '#base';
import type { Descriptor } from '#schemas';
import type { CallOptions } from '../content-store.js';
import { discard, readAnswer } from './http/answer-body.js';
import type { Answer } from './http/transport.js';
import { whereOf } from './http/transport-failure.js';
import { SILENT_ATTEMPTS } from './registry-client.js';
import type { RepositoryAccess } from './repository-access.js';
import { retryAdvice } from './retry-advice.js';

/** What a try must bring after a silence; after a cut, one byte is progress. */
const PROGRESS_BYTES = 64 * 1024;
/** Break-offs of one download, and one more for each MiB of it: a server that cuts after each byte ends too. */
export const MAX_BREAKS = 64;
const MIB = 1024 * 1024;

export interface DownloadOptions extends CallOptions {
  /** Go on after bytes that are at hand, hashed into `digester` already. */
  readonly resume?: { readonly digester: Digester } | undefined;
}

interface Download {
  readonly access: RepositoryAccess;
  readonly descriptor: Descriptor;
  readonly digester: Digester;
  readonly signal: AbortSignal | undefined;
}

/**
 * Opens a blob. Its bytes are counted and hashed as they pass; after a break-off the rest is asked for by
 * range. The last chunk comes only when size and digest are right.
 * @throws OCI_CONTENT_MISSING, and while reading OCI_DIGEST_MISMATCH, OCI_SIZE_MISMATCH, OCI_REMOTE_*
 * @see OCI distribution-spec 1.1, "Pulling blobs"
 */
export async function downloadBlob(
  access: RepositoryAccess,
  descriptor: Descriptor,
  options: DownloadOptions = {},
): Promise<AsyncIterable<Uint8Array>> {
  const digester = options.resume?.digester ?? new Digester(digestAlgorithm(descriptor.digest));
  const download = { access, descriptor, digester, signal: options.signal };
  const first =
    digester.bytes < descriptor.size || descriptor.size === 0 ? await openAt(download) : undefined;
  return stream(download, first);
}

async function openAt({ access, descriptor, digester, signal }: Download): Promise<Answer> {
  const offset = digester.bytes;
  const call = access.complete({
    method: 'GET',
    target: `blobs/${descriptor.digest}`,
    allow: 'pull',
    headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
    expect: offset === 0 ? [200, 404] : [200, 206, 404],
    signal,
  });
  const answer = await access.client.open(call);
  try {
    if (answer.status === 404) throw access.missing(descriptor.digest);
    checkHeaders(answer, { descriptor, offset, where: access.label });
  } catch (error) {
    await discard(answer, reading(access, signal));
    throw error;
  }
  return answer;
}

interface Expected {
  readonly descriptor: Descriptor;
  readonly offset: number;
  readonly where: string;
}

function checkHeaders(answer: Answer, { descriptor, offset, where }: Expected): void {
  const { headers, status } = answer;
  const { size, digest } = descriptor;
  const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  const expected = status === 206 ? size - offset : size;
  const encoding = headers['content-encoding'] ?? 'identity';
  // A registry that labels the stored gzip as an encoding sends the right bytes: their number tells.
  if (encoding !== 'identity' && length !== expected) {
    throw invalid(answer, `the bytes were changed on the way (Content-Encoding: ${encoding})`);
  }
  if (status === 206 && !isRangeFrom(headers['content-range'], offset, size)) {
    throw invalid(answer, 'the range is not the one that was asked for');
  }
  if (length !== undefined && length !== expected) {
    throw new ProvError('OCI_SIZE_MISMATCH', { digest, where, actual: length, expected });
  }
}

function isRangeFrom(value: string | undefined, offset: number, size: number): boolean {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(value ?? '');
  if (!range || Number(range[1]) !== offset || Number(range[2]) !== size - 1) return false;
  return range[3] === '*' || Number(range[3]) === size;
}

function invalid(answer: Answer, reason: string): ProvError {
  const where = whereOf({ method: 'GET', target: answer.target });
  return new ProvError('OCI_REMOTE_ANSWER_INVALID', { ...where, reason });
}

async function* stream(download: Download, first: Answer | undefined): AsyncGenerator<Uint8Array> {
  const { access, descriptor, digester, signal } = download;
  const patience = new Patience(access.client.settings.retry.attempts, descriptor.size);
  let held: Uint8Array | undefined;
  for (let answer = first; digester.bytes < descriptor.size || answer !== undefined; answer = undefined) {
    const before = digester.bytes;
    try {
      const open = answer ?? (await openAt(download));
      let skip = open.status === 200 ? digester.bytes : 0;
      for await (const chunk of readAnswer(open, reading(access, signal))) {
        const fresh = chunk.subarray(Math.min(skip, chunk.byteLength));
        skip -= chunk.byteLength - fresh.byteLength;
        if (fresh.byteLength === 0) continue;
        digester.update(fresh);
        if (digester.bytes > descriptor.size) throw wrongSize(download);
        if (held !== undefined) yield held;
        held = fresh;
      }
      if (digester.bytes < descriptor.size) throw wrongSize(download);
    } catch (error) {
      const fresh = digester.bytes - before;
      if (signal?.aborted || !patience.allows(error, fresh)) throw error;
      if (fresh < PROGRESS_BYTES) await access.client.backOff(patience.failures, signal);
    }
  }
  const actual = digester.digest();
  if (actual !== descriptor.digest) {
    throw new ProvError('OCI_DIGEST_MISMATCH', { where: access.label, expected: descriptor.digest, actual });
  }
  if (held !== undefined) yield held;
}

/** How often one download may break off. */
class Patience {
  readonly #attempts: number;
  #breaks: number;
  #silences = 0;
  /** Break-offs in a row that brought nothing. */
  failures = 0;

  constructor(attempts: number, size: number) {
    this.#attempts = attempts;
    this.#breaks = MAX_BREAKS + Math.floor(size / MIB);
  }

  allows(error: unknown, fresh: number): boolean {
    const advice = retryAdvice(error);
    if (advice === undefined) return false;
    this.#breaks -= 1;
    this.failures = fresh > 0 ? 1 : this.failures + 1;
    if (fresh >= PROGRESS_BYTES) this.#silences = 0;
    if (advice.silent === true) this.#silences += 1;
    return this.#breaks > 0 && this.failures < this.#attempts && this.#silences < SILENT_ATTEMPTS;
  }
}

function wrongSize({ access, descriptor, digester }: Download): ProvError {
  const { digest, size } = descriptor as { digest: Digest; size: number };
  return new ProvError('OCI_SIZE_MISMATCH', {
    digest,
    where: access.label,
    actual: digester.bytes,
    expected: size,
  });
}

function reading(access: RepositoryAccess, signal: AbortSignal | undefined) {
  return { method: 'GET', stallMs: access.client.settings.timeouts.stallMs, signal };
}
