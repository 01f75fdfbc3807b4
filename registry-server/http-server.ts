import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { log, ProvError } from '#base';
import { handleClosure } from './catalogue/closure.js';
import { handleContents } from './catalogue/contents.js';
import { handleExtensions, handleSearch } from './catalogue/extension-list.js';
import { handleLive, handleMetrics, handleReady, handleStats } from './catalogue/health.js';
import { handleIndex, INDEX_PREFIX } from './catalogue/index-document.js';
import type { RegistryContext } from './context.js';
import { handleDistribution } from './distribution/handle.js';
import { refuseForeignPages } from './http/refuse-foreign-pages.js';
import { type Exchange, endLater, sendError } from './http/respond.js';
import { parseTarget } from './http/route.js';

/** A connection on which nothing moves for this long is ended. */
export const IDLE_TIMEOUT_MS = 120_000;
const HEADERS_TIMEOUT_MS = 30_000;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

type Handler = (context: RegistryContext, exchange: Exchange) => Promise<void> | void;

const READ_ROUTES: Readonly<Record<string, Handler>> = {
  '/livez': (_context, exchange) => handleLive(exchange),
  '/readyz': handleReady,
  '/metrics': handleMetrics,
  '/api/v1/stats': handleStats,
  '/api/v1/extensions': handleExtensions,
  '/api/v1/search': handleSearch,
  [`${INDEX_PREFIX}*`]: handleIndex,
};

/** Questions that are too long for a path; nothing is changed by them. */
const QUERY_ROUTES: Readonly<Record<string, Handler>> = {
  '/api/v1/closure': handleClosure,
  '/api/v1/contents': handleContents,
};

/**
 * The HTTP side: fastify routes, and every answer is written to the raw response, so that blobs stream
 * without a detour.
 */
export async function createHttpServer(context: RegistryContext): Promise<FastifyInstance> {
  const { default: fastify } = await import('fastify');
  const server = fastify({
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    requestTimeout: 0,
    connectionTimeout: IDLE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: (error, request, reply) => {
      reply.hijack();
      refuse(request.raw, reply.raw, new ProvError('REGISTRY_REQUEST_INVALID', { reason: error.message }));
    },
  });
  const mount = (url: string, method: string[], handler: Handler) =>
    server.route({
      url,
      method,
      // Before fastify looks at the body or its type: those are for the handlers to judge.
      onRequest: (request, reply) => {
        reply.hijack();
        void answer(context, request.raw, reply.raw, handler);
      },
      handler: (_request, reply) => reply,
    });
  mount('/v2', METHODS, handleDistribution);
  mount('/v2/*', METHODS, handleDistribution);
  for (const [url, handler] of Object.entries(READ_ROUTES)) mount(url, ['GET', 'HEAD'], handler);
  for (const [url, handler] of Object.entries(QUERY_ROUTES)) mount(url, ['POST'], handler);
  server.setNotFoundHandler((request, reply) => {
    reply.hijack();
    const path = request.raw.url ?? '';
    refuse(request.raw, reply.raw, new ProvError('REGISTRY_ROUTE_UNKNOWN', { path: path.slice(0, 200) }));
  });
  return server;
}

async function answer(
  context: RegistryContext,
  request: IncomingMessage,
  response: ServerResponse,
  handler: Handler,
): Promise<void> {
  const started = performance.now();
  const exchange: { -readonly [K in keyof Exchange]: Exchange[K] } = {
    id: randomUUID(),
    request,
    response,
    path: (request.url ?? '').slice(0, 200),
    query: new URLSearchParams(),
  };
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  response.once('finish', () => endLater(request));
  response.once('close', () => {
    context.counters.count(request, response);
    const ms = Math.round(performance.now() - started);
    log.debug('request', {
      id: exchange.id,
      method: request.method,
      path: exchange.path,
      status: response.statusCode,
      ms,
    });
  });
  try {
    Object.assign(exchange, parseTarget(request.url ?? ''));
    refuseForeignPages(request);
    await handler(context, exchange);
  } catch (error) {
    sendError(exchange, error);
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: ProvError): void {
  const path = (request.url ?? '').slice(0, 200);
  response.once('finish', () => endLater(request));
  sendError({ id: randomUUID(), request, response, path, query: new URLSearchParams() }, error);
}
