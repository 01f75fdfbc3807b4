import { compareVersions, splitRepository } from '#schemas';
import type { RegistryContext } from '../context.js';
import { type Exchange, sendJson } from '../http/respond.js';
import type { PublishedVersion } from '../storage/metadata-db.js';

/** One extension in the list: its newest version speaks for it. */
export interface ExtensionSummary {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly version: string;
  readonly versions: number;
  readonly description: string;
  readonly updatedAt: string;
}

/** `GET /api/v1/extensions[?namespace=…][&kind=…]`, sorted by namespace and name. */
export async function handleExtensions(context: RegistryContext, exchange: Exchange): Promise<void> {
  const namespace = exchange.query.get('namespace');
  const kind = exchange.query.get('kind') ?? exchange.query.get('type');
  const byRepository = new Map<string, PublishedVersion[]>();
  for (const version of await context.metadata.listVersions()) {
    const known = byRepository.get(version.repository);
    if (known) known.push(version);
    else byRepository.set(version.repository, [version]);
  }
  const extensions = [...byRepository.values()]
    .map(summaryOf)
    .filter(
      (each) => (namespace === null || each.namespace === namespace) && (kind === null || each.kind === kind),
    );
  sendJson(exchange, { ok: true, data: { extensions } });
}

function summaryOf(versions: readonly PublishedVersion[]): ExtensionSummary {
  const newest = versions.reduce((a, b) =>
    compareVersions(a.extension.version, b.extension.version) >= 0 ? a : b,
  );
  return {
    namespace: splitRepository(newest.repository).namespace,
    name: newest.extension.name,
    kind: newest.extension.kind,
    version: newest.extension.version,
    versions: versions.length,
    description: newest.extension.description,
    updatedAt: new Date(Math.max(...versions.map((each) => each.publishedAt))).toISOString(),
  };
}
