import { type Digest, digestAlgorithm, digestOf, log } from '#base';
import type { RemoteRegistry } from '#oci';
import {
  type ContentItem,
  contentsDocumentSchema,
  type Descriptor,
  MAX_CONTENT_ITEMS,
  MEDIA,
  safeParseJson,
} from '#schemas';
import type { AskOptions } from './ask-closure.js';
import type { MetadataCache } from './metadata-cache.js';

const PATH = '/api/v1/contents';

/** What is known of one version's manifest beside its own bytes. */
export interface KnownItem {
  readonly mediaType: string;
  readonly referrers: readonly Descriptor[];
  readonly legacy?: Descriptor | undefined;
}

/** Small content in memory by digest, verified; and what hangs on manifests, by repository and digest. */
export class ContentPack {
  readonly bytes = new Map<Digest, Uint8Array>();
  private readonly items = new Map<string, KnownItem>();

  item(repository: string, digest: Digest): KnownItem | undefined {
    return this.items.get(`${repository}@${digest}`);
  }

  /** Takes over what is complete and not known yet; a digest that does not match is dropped with its item. */
  absorb(bytes: Uint8Array, where: string): void {
    const read = safeParseJson(contentsDocumentSchema, parse(bytes)).data;
    if (read === undefined) {
      log.debug('contents cannot be read', { where });
      return;
    }
    const { items, content } = read;
    for (const item of items) {
      const key = `${item.repository}@${item.digest}`;
      if (!this.items.has(key) && item.content.every((digest) => this.take(digest, content[digest])))
        this.items.set(key, known(item));
    }
  }

  private take(digest: Digest, text: string | undefined): boolean {
    if (this.bytes.has(digest)) return true;
    if (text === undefined) return false;
    const bytes = Buffer.from(text);
    if (digestOf(bytes, digestAlgorithm(digest)) !== digest) return false;
    this.bytes.set(digest, bytes);
    return true;
  }
}

/**
 * Fills `pack` with manifests, configs and signatures of many versions in one round trip (one for each 4096).
 * A registry that is not ours is left alone. What does not come is fetched singly by whoever needs it.
 */
export async function askContents(
  registry: RemoteRegistry,
  wanted: readonly { readonly repository: string; readonly digest: Digest }[],
  { pack, cache, signal }: AskOptions & { readonly pack: ContentPack },
): Promise<void> {
  for (let at = 0; at < wanted.length; at += MAX_CONTENT_ITEMS) {
    const items = wanted.slice(at, at + MAX_CONTENT_ITEMS);
    const question = Buffer.from(JSON.stringify({ v: 1, items }));
    const key = `contents ${registry.registry} ${digestOf(question)}`;
    const kept = await cache.read(key);
    const query = { accept: MEDIA.contentsDocument, question, ifNoneMatch: kept?.etag, signal };
    const answer = await registry.document(PATH, query);
    if (answer.status === 304 && kept !== undefined) {
      pack.absorb(kept.bytes, registry.registry);
      continue;
    }
    if (answer.status !== 200 || answer.mediaType !== MEDIA.contentsDocument) return;
    pack.absorb(answer.bytes, registry.registry);
    await cache.write({ key, etag: answer.etag, bytes: answer.bytes });
  }
}

/** Fills `pack` with what earlier answers of a registry held, newest first. */
export async function keptContents(
  registry: string,
  { pack, cache }: { readonly pack: ContentPack; readonly cache: MetadataCache },
): Promise<void> {
  for (const { bytes } of await cache.list(`contents ${registry} `)) pack.absorb(bytes, registry);
}

function known({ mediaType, referrers, legacy }: ContentItem): KnownItem {
  return { mediaType, referrers: referrers as readonly Descriptor[], legacy };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
