import { isProvError, ProvError } from '#base';
import { type Descriptor, parseOciManifest } from '#schemas';
import { boundedEach } from './bounded-each.js';
import type { ReadStore } from './content-store.js';
import { fetchBytes } from './fetch-bytes.js';
import { artifactTypeOf } from './manifest-codec.js';

/** Referrers read at the same time. */
const CONCURRENCY = 8;

export interface PayloadQuery {
  readonly artifactType: string;
  /** Media type of the layer that is the payload. */
  readonly layerType: string;
  /** A larger payload is a problem, not read. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** A referrer with its payload, or with what is wrong with it. */
export interface ReferrerPayload {
  readonly descriptor: Descriptor;
  readonly bytes?: Uint8Array;
  readonly problem?: string;
}

/**
 * The first payload of every referrer of one artifact type, sorted by digest. Each manifest is looked at itself:
 * one that names another subject or type is a problem, as is one that cannot be had; none of them hides the others.
 * @throws what the store throws when it cannot be asked.
 */
export async function referrerPayloads(
  store: ReadStore,
  subject: Descriptor,
  query: PayloadQuery,
): Promise<readonly ReferrerPayload[]> {
  const { artifactType, signal } = query;
  const found = await store.referrers(subject, artifactType, { signal });
  const out: ReferrerPayload[] = [];
  await boundedEach(found, { concurrency: CONCURRENCY, signal }, async (descriptor) => {
    out.push(await readPayload(store, { subject, descriptor }, query));
  });
  return out.sort((a, b) => (a.descriptor.digest < b.descriptor.digest ? -1 : 1));
}

async function readPayload(
  store: ReadStore,
  { subject, descriptor }: { readonly subject: Descriptor; readonly descriptor: Descriptor },
  { artifactType, layerType, maxBytes, signal }: PayloadQuery,
): Promise<ReferrerPayload> {
  try {
    const parsed = parseOciManifest(await fetchBytes(store, descriptor, { signal }), descriptor.mediaType);
    if (parsed.kind !== 'manifest' || artifactTypeOf(parsed) !== artifactType)
      return { descriptor, problem: `it is not of type ${artifactType}` };
    if (parsed.manifest.subject?.digest !== subject.digest)
      return { descriptor, problem: `it is about ${parsed.manifest.subject?.digest ?? 'nothing'}` };
    const layer = parsed.manifest.layers.find(({ mediaType }) => mediaType === layerType);
    if (layer === undefined) return { descriptor, problem: `it has no ${layerType}` };
    if (layer.size > maxBytes) return { descriptor, problem: `it has ${layer.size} bytes of ${maxBytes}` };
    return { descriptor, bytes: await fetchBytes(store, layer, { limit: maxBytes, signal }) };
  } catch (error) {
    if (!(error instanceof ProvError) || !isBroken(error)) throw error;
    return { descriptor, problem: error.message };
  }
}

function isBroken(error: ProvError): boolean {
  return (
    isProvError(error, 'SCHEMAS_WIRE_INVALID') ||
    isProvError(error, 'OCI_CONTENT_MISSING') ||
    isProvError(error, 'OCI_DIGEST_MISMATCH') ||
    isProvError(error, 'OCI_SIZE_MISMATCH') ||
    isProvError(error, 'BASE_LIMIT_EXCEEDED')
  );
}
