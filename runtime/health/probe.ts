import { request } from 'node:http';
import { connect } from 'node:net';

/** The answer of one look. */
export interface ProbeAnswer {
  readonly healthy: boolean;
  readonly message: string;
}

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Healthy when `GET path` answers with a status from 200 to 399 in time; the body is not read. */
export function probeHttp(target: ProbeTarget, path: string): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const signal = withTimeout(target);
    const { host, port } = target;
    const call = request({ host, port, path, method: 'GET', agent: false, signal }, (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      resolve({ healthy: status >= 200 && status < 400, message: `GET ${path} answered ${status}` });
    });
    call.once('error', (error) => resolve(failed(`GET ${path}`, error, target)));
    call.end();
  });
}

/** Healthy when a TCP connection can be made in time. */
export function probeTcp(target: ProbeTarget): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.host, port: target.port });
    const signal = withTimeout(target);
    const end = (answer: ProbeAnswer) => {
      socket.destroy();
      resolve(answer);
    };
    signal.addEventListener('abort', () => end(failed('connect', signal.reason as Error, target)), {
      once: true,
    });
    socket.once('connect', () => end({ healthy: true, message: `port ${target.port} accepts connections` }));
    socket.once('error', (error) => end(failed('connect', error, target)));
  });
}

function withTimeout(target: ProbeTarget): AbortSignal {
  const timeout = AbortSignal.timeout(target.timeoutMs);
  return target.signal === undefined ? timeout : AbortSignal.any([timeout, target.signal]);
}

function failed(what: string, error: Error, target: ProbeTarget): ProbeAnswer {
  const timedOut = error.name === 'TimeoutError' || error.name === 'AbortError';
  const reason = timedOut
    ? `no answer in ${target.timeoutMs} ms`
    : ((error as NodeJS.ErrnoException).code ?? error.message);
  return { healthy: false, message: `${what} on port ${target.port}: ${reason}` };
}
