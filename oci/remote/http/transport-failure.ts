import { ProvError } from '#base';
import { isLoopbackRegistry } from '#schemas';
import { adviseRetry } from '../retry-advice.js';
import { ProxyRefusal } from './connect-agent.js';
import { type HttpProxy, proxyName } from './proxy.js';
import { hostOf, shownPath, type Target } from './target.js';

interface Where {
  readonly method: string;
  readonly target: Target;
}

export interface ExchangeState {
  readonly connected: boolean;
  readonly reused: boolean;
  readonly proxy: HttpProxy | undefined;
}

const TLS_CODE =
  /^(?:ERR_TLS|ERR_SSL|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_OSSL|EPROTO|HOSTNAME_MISMATCH|INVALID_CA)/;
const UNREACHABLE = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'];

export function whereOf({ method, target }: Where): { host: string; method: string; path: string } {
  return { host: hostOf(target), method, path: shownPath(target) };
}

/** What the system said about a failed exchange, as ours. */
export function exchangeFailure(error: Error, exchange: Where, state: ExchangeState): ProvError {
  if (error instanceof ProvError) return error;
  const where = whereOf(exchange);
  const code = codeOf(error);
  const reason =
    code === undefined || error.message.includes(code) ? error.message : `${code} ${error.message}`;
  const options = { cause: error };
  if (error instanceof ProxyRefusal) {
    return adviseRetry(
      new ProvError('OCI_REMOTE_PROXY_FAILED', { ...where, proxy: error.proxy, reason }, options),
      {
        firstContact: true,
      },
    );
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ProvError(
      'OCI_REMOTE_ANSWER_INVALID',
      { ...where, reason: 'its headers are too long' },
      options,
    );
  }
  if (code !== undefined && TLS_CODE.test(code)) {
    return new ProvError('OCI_REMOTE_TLS_FAILED', { ...where, reason }, options);
  }
  if (!state.connected || (code !== undefined && UNREACHABLE.includes(code))) {
    const via =
      state.proxy === undefined ? reason : `${reason}, by way of the proxy ${proxyName(state.proxy)}`;
    const hint = isLoopbackRegistry(where.host)
      ? { hint: 'No registry listens there. Check the port, or start one with prov registry start.' }
      : {};
    const failure = new ProvError('OCI_REMOTE_UNREACHABLE', { ...where, reason: via, ...hint }, options);
    return adviseRetry(failure, { firstContact: true });
  }
  const details = state.reused ? { ...where, reason, reused: true } : { ...where, reason };
  return adviseRetry(new ProvError('OCI_REMOTE_INTERRUPTED', details, options), {});
}

export function timeoutFailure(exchange: Where, limitMs: number): ProvError {
  const seconds = Math.round(limitMs / 100) / 10;
  return adviseRetry(new ProvError('OCI_REMOTE_TIMEOUT', { ...whereOf(exchange), seconds }), {
    silent: true,
  });
}

export function slowFailure(exchange: Where, had: { bytes: number; waitedMs: number }): ProvError {
  const seconds = Math.round(had.waitedMs / 100) / 10;
  const details = { ...whereOf(exchange), bytes: had.bytes, seconds };
  return adviseRetry(new ProvError('OCI_REMOTE_TOO_SLOW', details), { silent: true });
}

function codeOf(error: Error): string | undefined {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined) return code;
  const inner = error instanceof AggregateError ? error.errors[0] : undefined;
  return inner instanceof Error ? codeOf(inner) : undefined;
}
