import { ProvError } from '#base';
import {
  compareVersions,
  isVersion,
  type LifecycleState,
  MAX_QUERY_LENGTH,
  parseKind,
  searchScore,
  splitRepository,
} from '#schemas';
import type { RegistryContext } from '../context.js';
import { countParameter, type Exchange, sendJson } from '../http/respond.js';
import type { PublishedVersion } from '../storage/metadata-db.js';
import { stateOf } from './index-document.js';

/** Extensions in one answer, at most; clients follow `next` to the rest. */
export const MAX_EXTENSIONS = 1000;

/** One extension in the list: its newest version that is neither yanked nor revoked speaks for it. */
export interface ExtensionSummary {
  readonly repository: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly version: string;
  readonly versions: number;
  readonly description: string;
  readonly keywords?: readonly string[];
  readonly state: LifecycleState;
  readonly reason?: string;
  readonly replacement?: string;
  readonly updatedAt: string;
}

/**
 * `GET /api/v1/extensions[?namespace=…][&kind=…][&n=…][&last=…]`, sorted by repository. `next` is the `last` of
 * the next page.
 */
export async function handleExtensions(context: RegistryContext, exchange: Exchange): Promise<void> {
  const last = exchange.query.get('last') ?? '';
  const all = (await filtered(context, exchange)).filter(({ repository }) => repository > last);
  const limit = Math.max(1, countParameter(exchange.query, 'n', MAX_EXTENSIONS));
  const extensions = all.slice(0, limit);
  const next = all.length > limit ? { next: extensions.at(-1)!.repository } : {};
  sendJson(exchange, { ok: true, data: { extensions, ...next } });
}

/** `GET /api/v1/search?q=…` with the filters of the list; the best matches first. `total` counts all of them. */
export async function handleSearch(context: RegistryContext, exchange: Exchange): Promise<void> {
  const query = exchange.query.get('q') ?? '';
  if (query.length > MAX_QUERY_LENGTH)
    throw new ProvError('REGISTRY_REQUEST_INVALID', {
      reason: `q is longer than ${MAX_QUERY_LENGTH} characters`,
    });
  const limit = Math.max(1, countParameter(exchange.query, 'n', MAX_EXTENSIONS));
  const found = (await filtered(context, exchange))
    .map((each) => ({ each, score: searchScore(query, each) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
  const extensions = found.slice(0, limit).map(({ each }) => each);
  sendJson(exchange, { ok: true, data: { query, total: found.length, extensions } });
}

async function filtered(context: RegistryContext, { query }: Exchange): Promise<ExtensionSummary[]> {
  const namespace = query.get('namespace');
  const wanted = query.get('kind') ?? query.get('type');
  const kind = wanted === null ? null : parseKind(wanted);
  const all = await summaries(context);
  return all.filter(
    (each) => (namespace === null || each.namespace === namespace) && (kind === null || each.kind === kind),
  );
}

/** One summary a repository, sorted by repository. */
async function summaries(context: RegistryContext): Promise<ExtensionSummary[]> {
  const byRepository = new Map<string, PublishedVersion[]>();
  for (const version of await context.metadata.listVersions()) {
    const known = byRepository.get(version.repository);
    if (known) known.push(version);
    else byRepository.set(version.repository, [version]);
  }
  return [...byRepository.values()]
    .map(summaryOf)
    .sort((a, b) => (a.repository < b.repository ? -1 : a.repository > b.repository ? 1 : 0));
}

function summaryOf(versions: readonly PublishedVersion[]): ExtensionSummary {
  const sorted = [...versions].sort((a, b) => rank(a) - rank(b) || compareVersions(of(a), of(b)));
  const newest = sorted.at(-1)!;
  const { name, kind, version, description, keywords } = newest.extension;
  return {
    repository: newest.repository,
    namespace: splitRepository(newest.repository).namespace,
    name,
    kind,
    version,
    versions: versions.length,
    description,
    ...(keywords === undefined ? {} : { keywords }),
    ...stateOf(newest),
    updatedAt: new Date(Math.max(...versions.map((each) => each.publishedAt))).toISOString(),
  };
}

const of = ({ extension }: PublishedVersion) => extension.version;

/** What nobody should take comes last, pre-releases before that. */
function rank(version: PublishedVersion): number {
  const { state } = stateOf(version);
  if (state === 'yanked' || state === 'revoked') return 0;
  return isVersion(of(version)) && of(version).replace(/\+.*$/, '').includes('-') ? 1 : 2;
}
