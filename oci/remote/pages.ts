import { LIMITS, ProvError } from '#base';
import { parseTarget, sameOrigin, type Target } from './http/target.js';
import { nextLink } from './link-header.js';
import type { Call, RegistryClient, Reply } from './registry-client.js';

/** Bytes of one page, of which several may be on their way at once: 100,000 names of 128 characters. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

/** Pages followed for one list; at the usual page sizes far above honest use. */
export const MAX_PAGES = 1000;

/** Pages in a row without a new entry: filters may empty some, a registry that repeats itself never ends. */
const MAX_BARREN_PAGES = 8;

/**
 * Every page of a list, by its `Link` headers and not by counting. Links stay on the registry.
 * @throws OCI_REMOTE_ANSWER_INVALID for a Link elsewhere, a repeated one, or more than 1,000 pages.
 * @see OCI distribution-spec 1.1, "Listing Tags"
 */
export async function* pages(client: RegistryClient, call: Call): AsyncGenerator<Reply> {
  const seen = new Set<string>();
  let next: string | Target | undefined = call.target;
  while (next !== undefined) {
    const reply: Reply = await client.call({ ...call, target: next, maxBytes: MAX_PAGE_BYTES });
    yield reply;
    const link = nextLink(reply.headers.link);
    if (link === undefined) return;
    const target = linkTarget(link, reply.target, client.settings.origin);
    if (target === undefined) throw invalid(client, call, 'leads elsewhere');
    if (seen.has(target.path)) throw invalid(client, call, 'goes round in a circle');
    seen.add(target.path);
    if (seen.size > MAX_PAGES) throw invalid(client, call, `goes on for more than ${MAX_PAGES} pages`);
    next = target;
  }
}

/** Behind a proxy that ends TLS a registry writes `http:`, or its inner port, before its own name: its path counts. */
export function linkTarget(link: string, from: Target, origin: Target): Target | undefined {
  const target = parseTarget(link, from);
  if (target === undefined || sameOrigin(target, origin)) return target;
  return target.hostname === origin.hostname && target.protocol === 'http:' && origin.protocol === 'https:'
    ? { ...origin, path: target.path }
    : undefined;
}

function invalid(client: RegistryClient, { method, target }: Call, what: string): ProvError {
  const path = typeof target === 'string' ? target.replace(/\?.*$/, '') : target.path.replace(/\?.*$/, '');
  const reason = `its Link to the next page ${what}`;
  return new ProvError('OCI_REMOTE_ANSWER_INVALID', { host: client.host, method, path, reason });
}

/** A list of strings under `member` of each page; null counts as empty. */
export async function listStrings(
  client: RegistryClient,
  call: Call,
  member: string,
): Promise<readonly string[]> {
  const out = new Set<string>();
  let barren = 0;
  for await (const reply of pages(client, call)) {
    if (reply.status === 404) return [];
    const before = out.size;
    for (const value of stringsOf(reply, member, () => invalidList(client, call))) out.add(value);
    if (out.size > LIMITS.graphNodes) throw invalidList(client, call);
    barren = out.size > before ? 0 : barren + 1;
    if (barren > MAX_BARREN_PAGES) throw invalid(client, call, 'brings nothing new');
  }
  return [...out].sort();
}

function stringsOf(reply: Reply, member: string, invalid: () => ProvError): readonly string[] {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(reply.bytes).toString('utf8'));
  } catch {
    throw invalid();
  }
  const list = (body as Record<string, unknown> | null)?.[member] ?? [];
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string')) throw invalid();
  return list;
}

function invalidList(client: RegistryClient, { method, target }: Call): ProvError {
  const path = typeof target === 'string' ? target.replace(/\?.*$/, '') : target.path;
  return new ProvError('OCI_REMOTE_ANSWER_INVALID', {
    host: client.host,
    method,
    path,
    reason: 'it is not a list of names',
  });
}
