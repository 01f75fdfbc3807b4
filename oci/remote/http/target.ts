import { isIP } from 'node:net';

/** Where one request goes. `path` is path and query exactly as they go on the wire. */
export interface Target {
  readonly protocol: 'http:' | 'https:';
  /** Without brackets, lower case. */
  readonly hostname: string;
  readonly port: number;
  readonly path: string;
}

const ABSOLUTE = /^(https?):\/\/([^/?#]*)([^#]*)/i;
const MAX_TARGET_LENGTH = 16 * 1024;

/**
 * Reads an absolute URL, or one relative to `base`, keeping path and query byte for byte (a query may be
 * signed). Undefined for anything that is not a plain http(s) URL, has user information or is over 16 KiB.
 * @see RFC 3986, section 5
 */
export function parseTarget(text: string, base?: Target): Target | undefined {
  if (text.length > MAX_TARGET_LENGTH || /[^\x21-\x7e]/.test(text)) return undefined;
  const absolute = ABSOLUTE.exec(text);
  if (absolute) return fromParts(`${absolute[1]!.toLowerCase()}:`, absolute[2]!, absolute[3]!);
  if (base === undefined || /^[a-z][a-z0-9+.-]*:/i.test(text)) return undefined;
  const relative = text.replace(/#.*$/, '');
  if (relative.startsWith('//')) return parseTarget(`${base.protocol}${relative}`);
  if (relative.startsWith('/')) return { ...base, path: withoutDots(relative) };
  const basePath = base.path.replace(/\?.*$/s, '');
  if (relative.startsWith('?')) return { ...base, path: basePath + relative };
  return { ...base, path: withoutDots(basePath.slice(0, basePath.lastIndexOf('/') + 1) + relative) };
}

function fromParts(protocol: string, authority: string, rest: string): Target | undefined {
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  const match = /^(\[[0-9a-f:.]+\]|[^:@[\]]+)(?::(\d{1,5}))?$/i.exec(authority);
  if (!match) return undefined;
  const hostname = match[1]!.toLowerCase().replace(/^\[|\]$/g, '');
  const port = match[2] === undefined ? (protocol === 'https:' ? 443 : 80) : Number(match[2]);
  if (port < 1 || port > 65_535) return undefined;
  const path = rest === '' ? '/' : rest.startsWith('?') ? `/${rest}` : rest;
  return { protocol, hostname, port, path: withoutDots(path) };
}

/** Only a path with dot segments is rewritten; every other one stays as it is. */
function withoutDots(pathAndQuery: string): string {
  const cut = pathAndQuery.indexOf('?');
  const path = cut < 0 ? pathAndQuery : pathAndQuery.slice(0, cut);
  if (!/\/\.{1,2}(?:\/|$)/.test(path)) return pathAndQuery;
  const query = cut < 0 ? '' : pathAndQuery.slice(cut);
  return new URL(path, 'http://localhost').pathname + query;
}

/** `host` or `host:port`, the port only when it is not the scheme's own; brackets around IPv6. */
export function hostOf(target: Target): string {
  const host = isIP(target.hostname) === 6 ? `[${target.hostname}]` : target.hostname;
  return target.port === (target.protocol === 'https:' ? 443 : 80) ? host : `${host}:${target.port}`;
}

export function sameOrigin(a: Target, b: Target): boolean {
  return a.protocol === b.protocol && a.hostname === b.hostname && a.port === b.port;
}

/** The path for messages: a query may be signed and is never shown. */
export function shownPath(target: Target): string {
  return target.path.replace(/\?.*$/s, '');
}

/** Adds one query parameter, leaving what is there untouched. */
export function withQuery(target: Target, name: string, value: string): Target {
  const separator = !target.path.includes('?') ? '?' : /[?&]$/.test(target.path) ? '' : '&';
  return { ...target, path: `${target.path}${separator}${name}=${encodeURIComponent(value)}` };
}
