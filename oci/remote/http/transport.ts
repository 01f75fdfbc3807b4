import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { RemoteRegistryOptions, RemoteTimeouts } from '../remote-registry.js';
import { withoutAdvice } from '../retry-advice.js';
import { ConnectAgent } from './connect-agent.js';
import { type HttpProxy, proxyFor } from './proxy.js';
import { type RequestBody, writeBody } from './request-body.js';
import { hostOf, type Target } from './target.js';
import { createTlsContext } from './tls-settings.js';
import { exchangeFailure, timeoutFailure } from './transport-failure.js';

/** One request on the wire: no redirect, no sign-in, no retry. */
export interface Exchange {
  readonly method: string;
  readonly target: Target;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for the answer once the request is out. */
  readonly answerMs: number;
  /** The registry's own origin: only it sees the client certificate and profits from `insecure`. */
  readonly own: boolean;
  /** Not to be sent twice unasked: what a broken try left behind has to be looked at first. */
  readonly once?: boolean | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  readonly target: Target;
}

export interface Transport {
  /** @throws OCI_REMOTE_UNREACHABLE, OCI_REMOTE_INTERRUPTED, OCI_REMOTE_TIMEOUT, OCI_REMOTE_TLS_FAILED, OCI_REMOTE_PROXY_FAILED */
  send(exchange: Exchange): Promise<Answer>;
  close(): void;
}

type Settings = Pick<RemoteRegistryOptions, 'caFiles' | 'clientCert' | 'insecure' | 'resolve'> & {
  readonly env: NodeJS.ProcessEnv;
  readonly timeouts: RemoteTimeouts;
};

const IDLE_SOCKETS = 16;
const AGENT = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS, scheduling: 'lifo' } as const;

/** Connections to one registry and to where it sends us: kept alive, by way of the environment's proxies. */
export function createTransport(settings: Settings): Transport {
  const agents = new Map<string, HttpAgent>();
  const lookup = lookupFor(settings.resolve);

  function agentFor(target: Target, own: boolean, proxy: HttpProxy | undefined): HttpAgent {
    const plain = target.protocol === 'http:';
    const relayed = plain && proxy?.target.protocol === 'https:';
    const key = relayed ? 'relay' : plain ? 'http' : `${own}:${proxy ? hostOf(proxy.target) : ''}`;
    const known = agents.get(key);
    if (known) return known;
    const agent = relayed
      ? new HttpsAgent({ ...AGENT, secureContext: strangers() })
      : plain
        ? new HttpAgent(AGENT)
        : tlsAgent(own, proxy);
    agents.set(key, agent);
    return agent;
  }

  function tlsAgent(own: boolean, proxy: HttpProxy | undefined): HttpAgent {
    const { caFiles, clientCert, env } = settings;
    const secureContext = createTlsContext({ caFiles, env, clientCert: own ? clientCert : undefined });
    const options = { ...AGENT, secureContext, rejectUnauthorized: !(own && settings.insecure === true) };
    if (proxy === undefined) return new HttpsAgent(options);
    const secured = proxy.target.protocol === 'https:' ? strangers() : undefined;
    return new ConnectAgent(
      { proxy, timeoutMs: settings.timeouts.connectMs, secureContext: secured },
      options,
    );
  }

  /** For proxies: what the registry may see and skip is not for them. */
  function strangers(): SecureContext {
    const { caFiles, env } = settings;
    return createTlsContext({ caFiles, env });
  }

  function sendOnce(exchange: Exchange): Promise<Answer> {
    const { target, method, body, signal } = exchange;
    const proxy = proxyFor(target, settings.env);
    const secure = target.protocol === 'https:';
    const relay = proxy !== undefined && !secure ? proxy : undefined;
    const wire = (relay ?? { target }).target.protocol;
    const peer = (relay ?? { target }).target.hostname;
    const headers: Record<string, string> = { ...exchange.headers, host: hostOf(target) };
    if (body !== undefined) headers['content-length'] = String(body.size);
    else if (method !== 'GET' && method !== 'HEAD') headers['content-length'] = '0';
    if (relay?.authorization !== undefined) headers['proxy-authorization'] = relay.authorization;
    return new Promise((resolve, reject) => {
      const request = (wire === 'https:' ? httpsRequest : httpRequest)({
        method,
        headers,
        signal,
        setHost: false,
        agent: agentFor(target, exchange.own, proxy),
        host: peer,
        port: relay?.target.port ?? target.port,
        path: relay ? `http://${hostOf(target)}${target.path}` : target.path,
        ...(wire === 'https:' && isIP(peer) === 0 ? { servername: peer } : {}),
        ...(relay || lookup === undefined ? {} : { lookup: lookup(target) }),
      });
      let connected = false;
      let answered = false;
      let timer: NodeJS.Timeout | undefined;
      const arm = (limitMs: number) => {
        clearTimeout(timer);
        timer = setTimeout(() => request.destroy(timeoutFailure(exchange, limitMs)), limitMs);
      };
      const disarm = () => clearTimeout(timer);
      const fail = (error: Error) => {
        disarm();
        if (signal?.aborted) return reject(signal.reason);
        reject(exchangeFailure(error, exchange, { connected, reused: request.reusedSocket, proxy: relay }));
      };
      request.on('error', fail);
      request.once('response', (response) => {
        answered = true;
        disarm();
        response.once('end', () => request.writableEnded || request.destroy());
        response.on('error', () => undefined);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response, target });
      });
      request.once('socket', (socket) => {
        if (!socket.connecting && (wire === 'http:' || request.reusedSocket || proxy !== undefined))
          connected = true;
        if (connected) {
          if (request.writableEnded) arm(exchange.answerMs);
          return;
        }
        socket.once(wire === 'https:' ? 'secureConnect' : 'connect', () => {
          connected = true;
          if (request.writableEnded) arm(exchange.answerMs);
        });
      });
      request.once('finish', () => {
        if (connected && !answered) arm(exchange.answerMs);
      });
      arm(settings.timeouts.connectMs);
      if (body === undefined) {
        request.end();
        return;
      }
      const stalled = (waiting: boolean) => {
        if (!connected || answered) return;
        if (waiting) arm(settings.timeouts.stallMs);
        else disarm();
      };
      writeBody(request, body, stalled).catch((error: Error) => {
        disarm();
        request.destroy();
        reject(withoutAdvice(error));
      });
    });
  }

  return {
    async send(exchange) {
      try {
        return await sendOnce(exchange);
      } catch (error) {
        if (exchange.once === true || !staleSocket(error)) throw error;
        return await sendOnce(exchange);
      }
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

/** A kept connection that the server closed in the meantime says nothing about the server: try a new one. */
function staleSocket(error: unknown): boolean {
  return (error as { details?: { reused?: unknown } }).details?.reused === true;
}

function lookupFor(resolve: ReadonlyMap<string, string> | undefined) {
  if (resolve === undefined || resolve.size === 0) return undefined;
  return (target: Target): LookupFunction | undefined => {
    const address = resolve.get(`${target.hostname}:${target.port}`);
    if (address === undefined) return undefined;
    const family = isIP(address);
    return (_host, options, callback) =>
      options.all === true ? callback(null, [{ address, family }]) : callback(null, address, family);
  };
}
