import type { IncomingMessage } from 'node:http';
import { ProvError } from '#base';
import { isLoopbackRegistry } from '#schemas';

const READS: readonly string[] = ['GET', 'HEAD'];

/**
 * Refuses changes that a web page asks for, unless the page is this machine's own. A page from elsewhere can
 * give its own name our address and then counts as the same origin; only browsers send these headers.
 * @throws REGISTRY_ORIGIN_REFUSED @see https://fetch.spec.whatwg.org/#origin-header
 */
export function refuseForeignPages({ method = '', headers }: IncomingMessage): void {
  const { origin, host = '' } = headers;
  if (READS.includes(method)) return;
  if (origin === undefined && headers['sec-fetch-site'] === undefined) return;
  if (origin === `http://${host}` && isLoopbackRegistry(host)) return;
  throw new ProvError('REGISTRY_ORIGIN_REFUSED', { origin: String(origin ?? host).slice(0, 200) });
}
