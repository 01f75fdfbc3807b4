import { ProvError, registerSecret } from '#base';
import type { Credential, FoundCredential } from '../credentials/credential-source.js';
import { bodyOf, type RequestBody } from '../http/request-body.js';
import { hostOf, type Target, withQuery } from '../http/target.js';

/** What a token is asked for. */
export interface TokenRequest {
  readonly realm: Target;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly found: FoundCredential | undefined;
  readonly registry: string;
  readonly signal?: AbortSignal | undefined;
}

export interface Token {
  readonly value: string;
  /** Local clock; the margin is taken off already. */
  readonly expiresAtMs: number;
}

export interface TokenReply {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly date: string | undefined;
}

/** Sends one request to a realm: no sign-in, no redirect; any status comes back, 5xx and 429 after retries. */
export type TokenExchange = (request: {
  readonly method: 'GET' | 'POST';
  readonly target: Target;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  readonly signal?: AbortSignal | undefined;
}) => Promise<TokenReply>;

const CLIENT_ID = 'prov';
/** Lifetime of a token that states none. @see distribution token specification, "Token Response Fields" */
const DEFAULT_LIFETIME_S = 60;
const MARGIN_S = 10;

/**
 * Fetches a bearer token: OAuth2 POST with an identity token, otherwise GET with Basic or anonymous.
 * @throws OCI_AUTH_REJECTED, OCI_AUTH_REQUIRED, OCI_REMOTE_ANSWER_INVALID
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export async function fetchToken(request: TokenRequest, exchange: TokenExchange): Promise<Token> {
  const reply = await ask(request, exchange);
  if (reply.status !== 200) throw rejection(request, reply.status);
  return readToken(request, reply);
}

async function ask(request: TokenRequest, exchange: TokenExchange): Promise<TokenReply> {
  const credential = request.found?.credential;
  if (credential?.identityToken !== undefined) {
    const reply = await post(request, credential.identityToken, exchange);
    if (reply.status !== 404 && reply.status !== 405) return reply;
  }
  let target = request.realm;
  if (request.service !== undefined) target = withQuery(target, 'service', request.service);
  for (const scope of request.scopes) target = withQuery(target, 'scope', scope);
  target = withQuery(target, 'client_id', CLIENT_ID);
  const authorization = basicAuthorization(credential);
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return exchange({ method: 'GET', target, headers, signal: request.signal });
}

function post(request: TokenRequest, identityToken: string, exchange: TokenExchange): Promise<TokenReply> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service: request.service ?? '',
    client_id: CLIENT_ID,
    scope: request.scopes.join(' '),
    refresh_token: identityToken,
  });
  return exchange({
    method: 'POST',
    target: request.realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: bodyOf(Buffer.from(form.toString()), 'of a token request'),
    signal: request.signal,
  });
}

/** Value of `Authorization` for user name and password, undefined without them. */
export function basicAuthorization(credential: Credential | undefined): string | undefined {
  if (credential?.username === undefined || credential.password === undefined) return undefined;
  const pair = Buffer.from(`${credential.username}:${credential.password}`).toString('base64');
  registerSecret(pair);
  return `Basic ${pair}`;
}

function readToken(request: TokenRequest, reply: TokenReply): Token {
  let body: Record<string, unknown>;
  try {
    body = Object(JSON.parse(Buffer.from(reply.bytes).toString('utf8'))) as Record<string, unknown>;
  } catch (error) {
    throw invalid(request, 'it is not JSON', error);
  }
  const value = [body['token'], body['access_token']].find((each) => typeof each === 'string' && each !== '');
  if (typeof value !== 'string') throw invalid(request, 'there is no token in it');
  if (!/^[\x21-\x7e]+$/.test(value))
    throw invalid(request, 'its token has characters that no header may hold');
  registerSecret(value);
  const stated = body['expires_in'];
  const lifetime = typeof stated === 'number' && stated > 0 ? stated : DEFAULT_LIFETIME_S;
  const issued = typeof body['issued_at'] === 'string' ? Date.parse(body['issued_at']) : Number.NaN;
  const age = (Date.parse(reply.date ?? '') - issued) / 1000;
  const left = lifetime - (Number.isNaN(age) ? 0 : Math.max(0, age));
  return { value, expiresAtMs: Date.now() + (left - Math.min(MARGIN_S, left / 2)) * 1000 };
}

function rejection(request: TokenRequest, status: number): ProvError {
  const details = {
    host: request.registry,
    method: 'GET',
    path: `the token at ${hostOf(request.realm)}`,
    status,
  };
  if (request.found === undefined) return new ProvError('OCI_AUTH_REQUIRED', details);
  const reason = `${hostOf(request.realm)} answered ${status}`;
  return new ProvError('OCI_AUTH_REJECTED', { ...details, source: request.found.source, reason });
}

function invalid(request: TokenRequest, reason: string, cause?: unknown): ProvError {
  const host = hostOf(request.realm);
  return new ProvError(
    'OCI_REMOTE_ANSWER_INVALID',
    { host, method: 'GET', path: 'the token', reason },
    { cause },
  );
}
