import type { Planned, Seen } from './fault.js';
import { ociError, plan } from './handlers.js';

export interface AuthBehaviour {
  /** `user:password`. */
  readonly users?: readonly string[];
  /** Refresh tokens that are exchanged by POST. */
  readonly identityTokens?: readonly string[];
  readonly type: 'basic' | 'bearer';
  /** The whole header or headers, with `{realm}` filled in. Default: the one of `type`. */
  readonly challenges?: readonly string[];
  /** Full address of the realm. Default: this server's `/token`. */
  readonly realm?: string;
  readonly tokenSeconds?: number;
  /** Anonymous tokens for pull. Default true. */
  readonly anonymousPull?: boolean;
  /** Every token allows only these, whatever was asked for. */
  readonly grants?: readonly string[];
  /** No token by POST. */
  readonly noPost?: boolean;
}

interface Issued {
  readonly scopes: readonly string[];
  readonly expires: number;
}

/** Signs in and hands out tokens; counts them. */
export class Gatekeeper {
  readonly #behaviour: AuthBehaviour;
  readonly tokens = new Map<string, Issued>();
  #next = 1;

  constructor(behaviour: AuthBehaviour) {
    this.#behaviour = behaviour;
  }

  /** The refusal of a request, undefined when it may pass. */
  refuse(seen: Seen, origin: string): Planned | undefined {
    const header = seen.headers.authorization ?? '';
    if (this.#behaviour.type === 'basic' && this.#isUser(header)) return undefined;
    const issued = this.tokens.get(header.replace(/^Bearer /, ''));
    const scope = scopeOf(seen);
    if (issued && issued.expires > Date.now() && covers(issued.scopes, scope)) return undefined;
    const answer = ociError(401, 'UNAUTHORIZED', 'authentication required');
    const realm = this.#behaviour.realm ?? `${origin}/token`;
    const own =
      this.#behaviour.type === 'basic'
        ? ['Basic realm="registry, inc"']
        : [
            `Bearer realm="{realm}",service="registry",scope="{scope}"${issued ? ',error="insufficient_scope"' : ''}`,
          ];
    const lines = (this.#behaviour.challenges ?? own).map((line) =>
      line.replace('{realm}', realm).replace('{scope}', scope),
    );
    answer.headers['www-authenticate'] = lines;
    return answer;
  }

  token(seen: Seen, body: Buffer): Planned {
    const query = new URL(seen.url, 'http://registry').searchParams;
    const form = seen.method === 'POST' ? new URLSearchParams(body.toString('utf8')) : undefined;
    if (form && this.#behaviour.noPost) return plan(405);
    const asked = form ? (form.get('scope') ?? '').split(' ') : query.getAll('scope');
    const known = form
      ? (this.#behaviour.identityTokens ?? []).includes(form.get('refresh_token') ?? '')
      : this.#isUser(seen.headers.authorization ?? '');
    if (!known && (form || seen.headers.authorization !== undefined)) return ociError(401, 'UNAUTHORIZED');
    const scopes = this.#behaviour.grants
      ? this.#behaviour.grants
      : known
        ? asked
        : this.#behaviour.anonymousPull === false
          ? []
          : asked.map((each) => each.replace(/:[^:]*$/, ':pull'));
    const token = `token-${this.#next}-abcdef`;
    this.#next += 1;
    const seconds = this.#behaviour.tokenSeconds ?? 300;
    this.tokens.set(token, { scopes, expires: Date.now() + seconds * 1000 });
    const reply = { [form ? 'access_token' : 'token']: token, expires_in: seconds };
    return plan(200, { 'content-type': 'application/json' }, JSON.stringify(reply));
  }

  #isUser(header: string): boolean {
    const pair = Buffer.from(header.replace(/^Basic /, ''), 'base64').toString('utf8');
    return header.startsWith('Basic ') && (this.#behaviour.users ?? []).includes(pair);
  }
}

function scopeOf(seen: Seen): string {
  const url = new URL(seen.url, 'http://registry');
  const name = /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//.exec(url.pathname)?.[1];
  if (name === undefined) return '';
  const action =
    seen.method === 'GET' || seen.method === 'HEAD' ? 'pull' : seen.method === 'DELETE' ? 'delete' : 'push';
  return `repository:${name}:${action === 'push' ? 'pull,push' : action}`;
}

function covers(scopes: readonly string[], needed: string): boolean {
  if (needed === '') return true;
  const cut = needed.lastIndexOf(':');
  const have = scopes
    .filter((each) => each.startsWith(needed.slice(0, cut + 1)))
    .flatMap((each) => each.slice(cut + 1).split(','));
  return needed
    .slice(cut + 1)
    .split(',')
    .every((action) => have.includes(action));
}
