import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { log, ProvError, toProvError } from '#base';
import { ociErrorBody } from './oci-error.js';

/** How long a client may go on sending what was refused, before its connection is ended. */
const REFUSED_BODY_MS = 5_000;

/** One HTTP request on its way through the registry. */
export interface Exchange {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Decoded path, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export function sendEmpty({ response }: Exchange, status: number, headers: OutgoingHttpHeaders = {}): void {
  const bodiless = status === 204 || status === 304;
  response.writeHead(status, bodiless ? headers : { 'content-length': 0, ...headers }).end();
}

/** Sends a body that is in memory; for HEAD its headers alone. */
export function sendBytes(exchange: Exchange, bytes: Uint8Array, headers: OutgoingHttpHeaders): void {
  const { request, response } = exchange;
  response.writeHead(200, { 'content-length': bytes.byteLength, ...headers });
  if (request.method === 'HEAD') response.end();
  else response.end(bytes);
}

export function sendJson(exchange: Exchange, value: unknown, headers: OutgoingHttpHeaders = {}): void {
  sendBytes(exchange, Buffer.from(JSON.stringify(value)), { 'content-type': 'application/json', ...headers });
}

/**
 * Answers with an error; the body is the OCI envelope under `/v2/` and our document elsewhere. A response
 * that has begun is cut off, so that the client sees it is incomplete.
 */
export function sendError(exchange: Exchange, thrown: unknown, headers: OutgoingHttpHeaders = {}): void {
  const { id, request, response, path } = exchange;
  const error = toProvError(thrown);
  const status = statusOf(error);
  if (status >= 500)
    log.error(error.message, { request: id, method: request.method, path, code: error.code });
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = path.startsWith('/v2') ? ociErrorBody(error, id) : { ok: false, error: error.toDocument(id) };
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.byteLength,
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function statusOf(error: ProvError): number {
  return error.code.startsWith('DB_') ? 503 : error.httpStatus;
}

/**
 * Drops what a client still sends after it was answered, and ends its connection when it does not stop. (A
 * connection closed at once could take the answer with it.)
 */
export function endLater(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, REFUSED_BODY_MS);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}

/** Whether the client has this version already (`If-None-Match`). @see RFC 9110, 13.1.2 */
export function notModified(request: IncomingMessage, etag: string): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  return header.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === etag);
}

/** A query parameter that is a count. @throws REGISTRY_REQUEST_INVALID */
export function countParameter(query: URLSearchParams, name: string, limit: number): number {
  const text = query.get(name);
  if (text === null) return limit;
  if (!/^\d{1,15}$/.test(text))
    throw new ProvError('REGISTRY_REQUEST_INVALID', { reason: `${name} is not a count` });
  return Math.min(Number(text), limit);
}
