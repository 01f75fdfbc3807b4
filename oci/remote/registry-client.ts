import { setMaxListeners } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { log, ProvError, retry } from '#base';
import { answerFailure } from './answer-failure.js';
import { Authorizer } from './auth/authorizer.js';
import { Gate } from './gate.js';
import { discard, type ReadOptions, readAll } from './http/answer-body.js';
import type { RequestBody } from './http/request-body.js';
import { hostOf, sameOrigin, shownPath, type Target } from './http/target.js';
import { type Answer, createTransport, type Exchange, type Transport } from './http/transport.js';
import { whereOf } from './http/transport-failure.js';
import { holdPace, type Pace } from './pace.js';
import { parseRateLimit } from './rate-limit.js';
import { countRedirect, followLocation, isRedirect } from './redirect.js';
import { RegistryProfile } from './registry-profile.js';
import { registrySettings, type Settings } from './registry-settings.js';
import type { RemoteRegistryOptions } from './remote-registry.js';
import { adviseRetry, retryAdvice, withoutAdvice } from './retry-advice.js';

/** One call of the registry's API, with everything that may be needed to repeat it. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A path below the registry, or where a `Location` led. */
  readonly target: string | Target;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** Statuses that are an answer; every other one is an error. */
  readonly expect: readonly number[];
  readonly scopes: readonly string[];
  readonly repository?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly answerMs?: number | undefined;
  /** Largest body that is read. Default 4 KiB: most answers have none. */
  readonly maxBytes?: number | undefined;
  /** Tries of this call. Default: the registry's. */
  readonly attempts?: number | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Uint8Array;
  /** Who answered, after redirects. */
  readonly target: Target;
}

export interface RetryingOptions {
  readonly attempts?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly also?: ((error: unknown) => boolean) | undefined;
}

/** A registry that never answered gets this many tries: a wrong address should not cost seconds. */
const FIRST_CONTACT_ATTEMPTS = 2;
/** A registry that takes a request and never answers it gets this many tries. */
export const SILENT_ATTEMPTS = 2;
const CHUNKED_AT_ONCE = 4;
const SMALL_BODY = 4 * 1024;
const TOKEN_BODY = 256 * 1024;

/** Speaks to one registry: signs in, follows redirects, waits and retries, and says what went wrong. */
export class RegistryClient {
  readonly settings: Settings;
  /** What it turned out to be like. */
  readonly profile = new RegistryProfile();
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #uploads: Gate;
  readonly #others: Gate;
  /** Each holds a chunk in memory, also while it waits for the registry. */
  readonly chunkedUploads = new Gate(() => CHUNKED_AT_ONCE);
  readonly #paces = new Map<string, ReturnType<typeof holdPace>>();
  readonly #warned = new Set<string>();
  #spoken = false;
  #limitNoted = false;

  constructor(options: RemoteRegistryOptions) {
    this.settings = registrySettings(options);
    const { origin, credentials, trustedRealms, onlyRealm, realmPins, concurrency, registry } = this.settings;
    const transport = createTransport(this.settings);
    this.#transport = options.rehearsal?.wrap(transport) ?? transport;
    const limit = () => Math.min(concurrency, this.#paceOf(origin).concurrency);
    this.#uploads = new Gate(limit);
    this.#others = new Gate(limit);
    this.#authorizer = new Authorizer({
      origin,
      registry,
      credentials,
      trustedRealms,
      onlyRealm,
      realmPins,
      exchange: async ({ method, target, headers, body, signal }) => {
        const call: Call = {
          method,
          target,
          headers,
          body,
          signal,
          expect: [],
          scopes: [],
          maxBytes: TOKEN_BODY,
        };
        const reply = await this.retrying(() => this.#token(call, target), { signal });
        return { status: reply.status, bytes: reply.bytes, date: reply.headers.date };
      },
    });
  }

  /** Name for messages. */
  get host(): string {
    return hostOf(this.settings.origin);
  }

  /** A call whose body is read whole, within the retry. */
  call(call: Call): Promise<Reply> {
    return this.retrying(async () => {
      const leave = await (call.body === undefined ? this.#others : this.#uploads).enter(call.signal);
      try {
        const answer = await this.#exchange(call);
        const reading = { method: call.method, stallMs: this.settings.timeouts.stallMs, signal: call.signal };
        const bytes = await readAll(answer, call.maxBytes ?? SMALL_BODY, reading);
        assertNotRecoded(answer, call.method, bytes);
        return { status: answer.status, headers: answer.headers, bytes, target: answer.target };
      } finally {
        leave();
      }
    }, call);
  }

  /** A call whose body the caller reads; retried until the headers are there. */
  open(call: Call): Promise<Answer> {
    return this.retrying(async () => {
      const leave = await this.#others.enter(call.signal);
      try {
        return await this.#exchange(call);
      } finally {
        leave();
      }
    }, call);
  }

  /** Where an answer's `Location` leads. @throws OCI_REMOTE_REDIRECT_REFUSED */
  location(reply: Pick<Reply, 'headers' | 'target' | 'status'>, method: string): Target {
    return followLocation(this.settings.origin, reply as Answer, method);
  }

  close(): void {
    this.#transport.close();
    for (const held of this.#paces.values()) held.release();
    this.#paces.clear();
  }

  /** Repeats steps that belong together, with the waits of a single call. `also` names further errors worth it. */
  retrying<T>(action: (attempt: number) => Promise<T>, options: RetryingOptions = {}): Promise<T> {
    const { retry: limits } = this.settings;
    // Each request listens to its signal; many at once are no leak.
    if (options.signal) setMaxListeners(0, options.signal);
    let silences = 0;
    const result = retry(action, {
      attempts: options.attempts ?? limits.attempts,
      baseDelayMs: limits.baseDelayMs,
      maxDelayMs: limits.maxDelayMs,
      signal: options.signal,
      shouldRetry: (error, attempt) => {
        const advice = retryAdvice(error) ?? (options.also?.(error) ? {} : undefined);
        if (advice === undefined) return false;
        if (advice.firstContact === true && !this.#spoken && attempt >= FIRST_CONTACT_ATTEMPTS) return false;
        if (advice.silent === true) silences += 1;
        if (silences >= SILENT_ATTEMPTS) return false;
        return advice.afterMs === undefined ? true : { afterMs: advice.afterMs };
      },
      onRetry: (error, attempt, delayMs) =>
        log.debug('trying again', { reason: String(error), attempt, delayMs: Math.round(delayMs) }),
    });
    return result.catch((error: unknown) => {
      // A wait that was cut short reports its own AbortError; the caller gave a reason.
      throw options.signal?.aborted ? options.signal.reason : error;
    });
  }

  /** The wait before another try where no server named one: doubled each time, with jitter. */
  async backOff(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const { baseDelayMs, maxDelayMs } = this.settings.retry;
    const delayMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
    await sleep(delayMs, undefined, { signal }).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  }

  async #failure(answer: Answer, reading: ReadOptions): Promise<ProvError> {
    const failure = await answerFailure(answer, reading);
    const afterMs = retryAdvice(failure)?.afterMs;
    if (afterMs === undefined) return failure;
    if (afterMs > this.settings.retry.maxWaitMs) return withoutAdvice(failure);
    this.#paceOf(answer.target).pauseFor(afterMs);
    return failure;
  }

  #paceOf(target: Target): Pace {
    const host = `${target.protocol}//${hostOf(target)}`;
    const held = this.#paces.get(host) ?? holdPace(host);
    this.#paces.set(host, held);
    return held.pace;
  }

  async #exchange(call: Call): Promise<Answer> {
    const { origin } = this.settings;
    const { method, signal, scopes, repository } = call;
    const need = { scopes, repository, signal, bytes: call.body?.size };
    const reading = { method, stallMs: this.settings.timeouts.stallMs, signal };
    const seen = new Set<string>();
    let target = typeof call.target === 'string' ? { ...origin, path: call.target } : call.target;
    let authorization = sameOrigin(origin, target) ? await this.#authorizer.prepare(need) : undefined;
    for (let round = 0; ; ) {
      const own = sameOrigin(origin, target);
      const answer = await this.#send(call, target, own ? authorization : undefined);
      if (isRedirect(answer, method) && !call.expect.includes(answer.status)) {
        const next = followLocation(origin, answer, method);
        countRedirect(seen, answer, { method, target: next });
        await discard(answer, reading);
        target = next;
        continue;
      }
      if (answer.status === 401 && own) {
        await discard(answer, reading);
        const wwwAuthenticate = answer.headers['www-authenticate'];
        const refusal = { method, path: shownPath(target), wwwAuthenticate, sent: authorization, round };
        authorization = await this.#authorizer.answer(refusal, need);
        round += 1;
        continue;
      }
      const stranger = own && answer.status < 300 && otherNamespace(answer, method, this.settings.mirrorOf);
      if (stranger) {
        await discard(answer, reading);
        throw stranger;
      }
      if (call.expect.includes(answer.status)) return answer;
      const failure = await this.#failure(answer, reading);
      // A signed address that ran out: the registry gives a new one.
      const stale =
        !own && (answer.status === 401 || answer.status === 403) && typeof call.target === 'string';
      throw stale ? adviseRetry(failure, {}) : failure;
    }
  }

  async #token(call: Call, target: Target): Promise<Reply> {
    const answer = await this.#send(call, target, undefined);
    const reading = { method: call.method, stallMs: this.settings.timeouts.stallMs };
    if (answer.status === 429 || answer.status >= 500) throw await this.#failure(answer, reading);
    if (answer.status >= 300 && answer.status < 400) {
      const where = { host: hostOf(target), method: call.method, path: shownPath(target) };
      await discard(answer, reading);
      const reason = 'requests for a token are not redirected';
      throw new ProvError('OCI_REMOTE_REDIRECT_REFUSED', { ...where, to: 'another place', reason });
    }
    const bytes = await readAll(answer, TOKEN_BODY, reading);
    return { status: answer.status, headers: answer.headers, bytes, target };
  }

  async #send(call: Call, target: Target, authorization: string | undefined): Promise<Answer> {
    const { origin, headers, userAgent, timeouts, onRequest } = this.settings;
    const own = sameOrigin(origin, target);
    const exchange: Exchange = {
      method: call.method,
      target,
      headers: {
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': userAgent,
        ...(own ? headers : {}),
        ...call.headers,
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: call.body,
      signal: call.signal,
      answerMs: call.answerMs ?? timeouts.answerMs,
      own,
      once: call.attempts === 1,
    };
    const pace = this.#paceOf(target);
    await pace.wait(call.signal);
    const [started, sentAt] = [performance.now(), Date.now()];
    let status = 0;
    try {
      const answer = await this.#transport.send(exchange);
      status = answer.status;
      if (status === 429 || status === 503) pace.refused(sentAt, status === 429);
      else pace.accepted(this.settings.concurrency);
      this.#spoken = true;
      this.#warn(answer);
      this.#noteLimit(answer);
      return answer;
    } finally {
      onRequest?.({
        method: call.method,
        host: hostOf(target),
        path: shownPath(target),
        status,
        durationMs: performance.now() - started,
        sentBytes: call.body?.size ?? 0,
      });
    }
  }

  /** Said once, before the registry starts to refuse: whoever runs many jobs wants to know. */
  #noteLimit(answer: Answer): void {
    if (this.#limitNoted || answer.status >= 400) return;
    const { remaining, resetMs } = parseRateLimit(answer.headers);
    if (remaining === undefined || remaining > 0) return;
    this.#limitNoted = true;
    const when = resetMs === undefined ? '' : ` for ${Math.ceil(resetMs / 1000)} s`;
    log.warn(`${this.host} takes no more requests from us${when}; signed-in users may send more`);
  }

  /** @see OCI distribution-spec 1.1, "Warnings" */
  #warn(answer: Answer): void {
    const text = /^299 - "((?:[^"\\]|\\.){1,512})"/.exec(String(answer.headers['warning'] ?? ''))?.[1];
    if (text === undefined || this.#warned.has(text) || this.#warned.size > 32) return;
    this.#warned.add(text);
    log.warn(`${this.host} says: ${text.replace(/\\(.)/g, '$1')}`);
  }
}

/**
 * A proxy for several registries says for which one it answered; another than the one asked for is a stranger's answer.
 * @see OCI distribution-spec, "Registry Proxying"
 */
function otherNamespace(
  { headers, target }: Answer,
  method: string,
  asked: string | undefined,
): ProvError | undefined {
  const answered = headers['oci-namespace'];
  if (asked === undefined || answered === undefined) return undefined;
  if (String(answered).toLowerCase() === asked.toLowerCase()) return undefined;
  const reason = `it answers for ${JSON.stringify(String(answered).slice(0, 255))} (OCI-Namespace), asked was "${asked}"`;
  return new ProvError('OCI_REMOTE_ANSWER_INVALID', { ...whereOf({ method, target }), reason });
}

/** We ask for bytes as they are; a label alone is not minded, bytes that were packed on the way are. */
function assertNotRecoded(answer: Answer, method: string, bytes: Uint8Array): void {
  const encoding = answer.headers['content-encoding'] ?? 'identity';
  const text = bytes[0] === 0x7b || bytes[0] === 0x5b || bytes[0] === 0x20 || bytes[0] === 0x0a;
  if (encoding === 'identity' || bytes.byteLength === 0 || text || answer.status >= 300) return;
  const reason = `the bytes were changed on the way (Content-Encoding: ${encoding})`;
  throw new ProvError('OCI_REMOTE_ANSWER_INVALID', { ...whereOf({ method, target: answer.target }), reason });
}
