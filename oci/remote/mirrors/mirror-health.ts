import { type ErrorCode, isProvError, log } from '#base';

/** Why a mirror is left alone, and until when. */
export interface MirrorOutage {
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly reason: string;
}

/** Where outages are remembered for the next process; a failure to do so is not worth an error. */
export interface OutageStore {
  load(host: string): MirrorOutage | undefined;
  save(host: string, outage: MirrorOutage | undefined): void;
}

/** No connection, no trust, or silence: the next request would only wait as well. */
const DEAD_MS = 60_000;
/** Answers that say "not now" or "not me"; these are cheap, so a few are taken. */
const FAILING_MS = 30_000;
const FAILURES = 3;
/** It wants credentials that are not there. */
const CLOSED_MS = 5 * 60_000;
/** It served wrong bytes. */
const BAD_MS = 10 * 60_000;
/** How long one request may find out whether a mirror is back, before another one may. */
const PROBE_MS = 5000;

const DEAD: readonly ErrorCode[] = [
  'OCI_REMOTE_UNREACHABLE',
  'OCI_REMOTE_TIMEOUT',
  'OCI_REMOTE_TLS_FAILED',
  'OCI_REMOTE_PROXY_FAILED',
  'OCI_REMOTE_INTERRUPTED',
];
const BAD: readonly ErrorCode[] = ['OCI_DIGEST_MISMATCH', 'OCI_SIZE_MISMATCH'];
const CLOSED: readonly ErrorCode[] = ['OCI_AUTH_REQUIRED', 'OCI_AUTH_REJECTED', 'OCI_AUTH_FORBIDDEN'];
const ABSENT: readonly ErrorCode[] = ['OCI_CONTENT_MISSING', 'OCI_REFERENCE_NOT_FOUND'];

interface State {
  outage: MirrorOutage | undefined;
  failures: number;
  proven: boolean;
  probingUntil: number;
}

/** The circuit breaker: a mirror that failed is not asked again for a while, so a dead one costs once. */
export class MirrorHealth {
  readonly #states = new Map<string, State>();
  readonly #store: OutageStore | undefined;
  readonly #said = new Set<string>();

  constructor(store?: OutageStore) {
    this.#store = store;
  }

  /** Whether a mirror may be asked now. After an outage, one request finds out for all. */
  usable(host: string): boolean {
    const state = this.#stateOf(host);
    if (state.outage === undefined) return true;
    const now = Date.now();
    if (state.outage.until > now || state.probingUntil > now) return false;
    state.probingUntil = now + PROBE_MS;
    return true;
  }

  /** Whether it ever answered well: until then, it is waited for only briefly. */
  proven(host: string): boolean {
    return this.#stateOf(host).proven;
  }

  served(host: string): void {
    const state = this.#stateOf(host);
    if (state.outage !== undefined) this.#store?.save(host, undefined);
    Object.assign(state, { outage: undefined, failures: 0, proven: true, probingUntil: 0 });
  }

  /** Runs `action` the first time only that this key comes by. */
  once(key: string, action: () => void): void {
    if (this.#said.has(key)) return;
    this.#said.add(key);
    action();
  }

  /** Notes a failure, and says so, unless it is to be quiet, when it ends the use of the mirror for now. */
  failed(host: string, error: unknown, quietly?: 'quietly'): void {
    const state = this.#stateOf(host);
    const is = (codes: readonly ErrorCode[]) => codes.some((code) => isProvError(error, code));
    if (is(ABSENT)) {
      state.proven = true;
      return;
    }
    state.failures += 1;
    const reason = error instanceof Error ? error.message : String(error);
    const leave = (ms: number, why: string) => this.#leave(host, ms, why, quietly !== undefined);
    if (is(BAD)) leave(BAD_MS, `it served wrong content: ${reason}`);
    else if (is(DEAD)) leave(DEAD_MS, reason);
    else if (is(CLOSED)) leave(CLOSED_MS, reason);
    else if (state.failures >= FAILURES || state.outage !== undefined) leave(FAILING_MS, reason);
  }

  #leave(host: string, ms: number, reason: string, quietly: boolean): void {
    const state = this.#stateOf(host);
    const known = state.outage !== undefined && state.outage.until > Date.now();
    state.outage = { until: Date.now() + ms, reason };
    state.proven = false;
    state.probingUntil = 0;
    this.#store?.save(host, state.outage);
    if (!known && !quietly) log.warn(`the mirror ${host} is not asked for ${ms / 1000} s: ${reason}`);
  }

  #stateOf(host: string): State {
    const known = this.#states.get(host);
    if (known) return known;
    const made = { outage: this.#store?.load(host), failures: 0, proven: false, probingUntil: 0 };
    this.#states.set(host, made);
    return made;
  }
}
