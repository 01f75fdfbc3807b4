import { request as httpRequest } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type SecureContext } from 'node:tls';
import { type HttpProxy, proxyName } from './proxy.js';

/** A refusal by the proxy itself, told apart from one by the registry. */
export class ProxyRefusal extends Error {
  readonly proxy: string;
  constructor(proxy: string, reason: string) {
    super(reason);
    this.proxy = proxy;
  }
}

export interface TunnelOptions {
  readonly proxy: HttpProxy;
  readonly timeoutMs: number;
  /** For a proxy that is itself spoken to by TLS. */
  readonly secureContext?: SecureContext | undefined;
}

/** An https agent whose connections go through a CONNECT tunnel; TLS is end to end with the registry. */
export class ConnectAgent extends Agent {
  readonly #tunnel: TunnelOptions;

  constructor(tunnel: TunnelOptions, options: AgentOptions) {
    super(options);
    this.#tunnel = tunnel;
  }

  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { proxy, timeoutMs, secureContext } = this.#tunnel;
    const { target, authorization } = proxy;
    const name = String(options.host).includes(':') ? `[${options.host}]` : String(options.host);
    const authority = `${name}:${options.port}`;
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
    const tunnel = send({
      host: target.hostname,
      port: target.port,
      method: 'CONNECT',
      path: authority,
      agent: false,
      timeout: timeoutMs,
      ...(secureContext === undefined ? {} : { secureContext }),
      // Its certificate is for its own name; Node would take the one in the host header.
      servername: isIP(target.hostname) === 0 ? target.hostname : '',
      headers: {
        host: authority,
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
      },
    });
    const fail = (reason: string) => {
      callback?.(new ProxyRefusal(proxyName(proxy), reason), undefined as never);
    };
    tunnel.once('timeout', () => tunnel.destroy(new Error('it does not answer')));
    tunnel.once('error', (error) => fail(error.message));
    tunnel.once('response', (response) => {
      response.resume();
      fail(`it answered ${response.statusCode} to CONNECT`);
    });
    tunnel.once('connect', (response, socket: Socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        fail(`it answered ${response.statusCode} to CONNECT`);
        return;
      }
      socket.setTimeout(0);
      callback?.(null, connect({ ...(options as object), socket, servername: options.servername ?? '' }));
    });
    tunnel.end();
    return undefined;
  }
}
