import { ProvError } from '#base';
import { isReachableFrom } from './http/private-address.js';
import { hostOf, parseTarget, sameOrigin, type Target } from './http/target.js';
import type { Answer } from './http/transport.js';
import { whereOf } from './http/transport-failure.js';

/** Redirects followed for one request. */
const MAX_REDIRECTS = 10;

/** Whether an answer sends this request elsewhere: any redirect for reads, 307 and 308 for writes. */
export function isRedirect(answer: Answer, method: string): boolean {
  const { status } = answer;
  if (status === 307 || status === 308) return true;
  return (method === 'GET' || method === 'HEAD') && (status === 301 || status === 302 || status === 303);
}

/**
 * Where a `Location` leads, checked: no way from https to http, none from a public registry to an
 * internal address. Its query stays byte for byte.
 * @throws OCI_REMOTE_REDIRECT_REFUSED
 * @see OCI distribution-spec 1.1, "API"
 */
export function followLocation(registry: Target, answer: Answer, method: string): Target {
  const location = answer.headers.location;
  const target = location === undefined ? undefined : parseTarget(location, answer.target);
  if (target === undefined)
    throw refused(answer, method, { to: 'nowhere', reason: 'there is no usable Location' });
  checkOrigin(registry, answer, { method, target });
  return target;
}

function checkOrigin(registry: Target, answer: Answer, to: { method: string; target: Target }): void {
  const { method, target } = to;
  if (answer.target.protocol === 'https:' && target.protocol === 'http:') {
    throw refused(answer, method, { to: hostOf(target), reason: 'it is not encrypted' });
  }
  if (!sameOrigin(registry, target) && !isReachableFrom(registry.hostname, target.hostname)) {
    throw refused(answer, method, {
      to: hostOf(target),
      reason: 'it is an address inside a private network',
    });
  }
}

/** @throws OCI_REMOTE_REDIRECT_REFUSED for a loop or more than ten steps. */
export function countRedirect(
  seen: Set<string>,
  answer: Answer,
  next: { method: string; target: Target },
): void {
  const { method, target } = next;
  const key = `${target.protocol}//${hostOf(target)}${target.path}`;
  if (seen.has(key))
    throw refused(answer, method, { to: hostOf(target), reason: 'it goes round in a circle' });
  seen.add(key);
  if (seen.size > MAX_REDIRECTS)
    throw refused(answer, method, { to: hostOf(target), reason: 'there are too many steps' });
}

function refused(answer: Answer, method: string, why: { to: string; reason: string }): ProvError {
  return new ProvError('OCI_REMOTE_REDIRECT_REFUSED', {
    ...whereOf({ method, target: answer.target }),
    ...why,
  });
}
