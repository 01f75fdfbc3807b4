import { type Digest, digestOf } from '#base';
import {
  type ContentItem,
  type ContentsRequest,
  contentsRequestSchema,
  type Descriptor,
  MEDIA,
  parseOciManifest,
} from '#schemas';
import type { RegistryContext } from '../context.js';
import { mayBeRead } from '../distribution/signature-policy.js';
import { readJson } from '../http/read-json.js';
import type { Exchange } from '../http/respond.js';
import type { StoredManifest } from '../storage/metadata-db.js';
import { sendAnswer } from './kept-answers.js';
import { readBlob } from './read-blob.js';

const REQUEST_BYTES = 2 * 1024 * 1024;
/** Bytes of one answer; clients read 32 MiB. */
const CONTENTS_BYTES = 24 * 1024 * 1024;
/** Larger content is left to be fetched by itself. */
const PIECE_BYTES = 64 * 1024;
const REFERRERS_PER_ITEM = 16;
/** How long an answer may be given again that a trust policy let through. */
const KEPT_MS = 60_000;
const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle';

/**
 * `POST /api/v1/contents`: manifests, configs and signatures of many versions in one answer, as text that the
 * reader compares with its digests. What is too large, not text or not there is left out.
 */
export async function handleContents(context: RegistryContext, exchange: Exchange): Promise<void> {
  const asked = await readJson(exchange.request, contentsRequestSchema, REQUEST_BYTES);
  await sendAnswer(context, exchange, {
    // What a policy accepts depends on the time too.
    key: `contents ${context.trustPolicy === undefined ? '' : Math.floor(Date.now() / KEPT_MS)} ${JSON.stringify(asked.items.map(({ repository, digest }) => [repository, digest]))}`,
    mediaType: MEDIA.contentsDocument,
    make: () => contentsText(context, asked.items),
  });
}

async function contentsText(context: RegistryContext, asked: ContentsRequest['items']): Promise<string> {
  const answer = new Answer();
  const items: ContentItem[] = [];
  const unique = new Map(asked.map((item) => [`${item.repository}@${item.digest}`, item]));
  for (const item of unique.values()) {
    if (answer.truncated) break;
    const found = await contentOf(context, item, answer);
    if (found !== undefined && answer.takes(Buffer.byteLength(JSON.stringify(found)))) items.push(found);
  }
  const { pieces, truncated } = answer;
  return `{"v":1,"items":${JSON.stringify(items)},"content":{${pieces.join(',')}},"truncated":${truncated}}`;
}

/** Content collected for one answer, each digest once. */
class Answer {
  readonly pieces: string[] = [];
  truncated = false;
  private readonly seen = new Set<string>();
  private size = 0;

  /** Whether so many bytes more fit into the answer; they are counted then. */
  takes(bytes: number): boolean {
    if (this.size + bytes > CONTENTS_BYTES) {
      this.truncated = true;
      return false;
    }
    this.size += bytes;
    return true;
  }

  /** Whether the content is in the answer now. Only text survives as text: other bytes are refused. */
  add(digest: Digest, bytes: Uint8Array): boolean {
    if (this.seen.has(digest)) return true;
    if (bytes.byteLength > PIECE_BYTES) return false;
    const text = Buffer.from(bytes).toString();
    if (digestOf(Buffer.from(text), digest.startsWith('sha512') ? 'sha512' : 'sha256') !== digest)
      return false;
    const piece = `${JSON.stringify(digest)}:${JSON.stringify(text)}`;
    if (!this.takes(Buffer.byteLength(piece))) return false;
    this.seen.add(digest);
    this.pieces.push(piece);
    return true;
  }
}

async function contentOf(
  context: RegistryContext,
  { repository, digest }: ContentsRequest['items'][number],
  answer: Answer,
): Promise<ContentItem | undefined> {
  const manifest = await context.cache.find(repository, { digest });
  // Who asks for it by itself is told why.
  if (manifest === undefined || !(await mayBeRead(context, repository, manifest))) return undefined;
  if (!answer.add(digest, manifest.bytes)) return undefined;
  const content = [digest];
  const image = imageOf(manifest);
  if (image === undefined) return undefined;
  const piece = async (descriptor: Descriptor) => {
    const bytes = await readBlob(context, { repository, descriptor }, PIECE_BYTES);
    if (bytes !== undefined && answer.add(descriptor.digest, bytes)) content.push(descriptor.digest);
  };
  const attached = async (descriptor: Descriptor) => {
    const found = await context.cache.find(repository, { digest: descriptor.digest });
    if (found === undefined || !answer.add(descriptor.digest, found.bytes)) return;
    content.push(descriptor.digest);
    for (const layer of imageOf(found)?.layers ?? []) await piece(layer);
  };
  await piece(image.config);
  const all = await context.metadata.listReferrers(repository, digest, undefined);
  const referrers = all.filter(({ artifactType }) => mayBeBundle(artifactType));
  if (referrers.length > REFERRERS_PER_ITEM) return undefined;
  for (const referrer of referrers) await attached(referrer);
  const signature = await context.cache.find(repository, { tag: `${digest.replace(':', '-')}.sig` });
  const legacy = signature && describe(signature);
  if (legacy) await attached(legacy);
  return {
    repository,
    digest,
    mediaType: manifest.mediaType,
    referrers: referrers.map((each) => ({ ...each })),
    ...(legacy && { legacy: { ...legacy } }),
    content,
  };
}

function mayBeBundle(artifactType: string | undefined): boolean {
  return (
    artifactType === undefined || artifactType === MEDIA.ociEmpty || artifactType.startsWith(BUNDLE_TYPE)
  );
}

function describe({ mediaType, digest, bytes }: StoredManifest): Descriptor {
  return { mediaType, digest, size: bytes.byteLength };
}

function imageOf({ bytes, mediaType }: StoredManifest) {
  const parsed = parseOciManifest(bytes, mediaType);
  return parsed.kind === 'manifest' ? parsed.manifest : undefined;
}
