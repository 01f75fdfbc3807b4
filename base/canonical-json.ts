import { ProvError } from './errors/prov-error.js';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * RFC 8785 (JCS) text of a JSON value: keys sorted by UTF-16 code units, no spaces, ECMAScript numbers.
 * `undefined` members are left out.
 * @throws BASE_JSON_INVALID for what JSON cannot hold (NaN, infinities, functions, lone surrogates).
 */
export function canonicalJson(value: unknown): string {
  return write(value, '$');
}

function write(value: unknown, path: string): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return text(value, path);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid(path, 'a number that is not finite');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item, i) => write(item, `${path}[${i}]`)).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${members.map(([key, member]) => `${text(key, path)}:${write(member, `${path}.${key}`)}`).join(',')}}`;
  }
  throw invalid(path, `a ${typeof value}`);
}

function text(value: string, path: string): string {
  if (!value.isWellFormed()) throw invalid(path, 'a lone surrogate');
  return JSON.stringify(value);
}

function invalid(path: string, reason: string): ProvError {
  return new ProvError('BASE_JSON_INVALID', { what: path, reason });
}
