import {
  assertWithin,
  type Digest,
  digestAlgorithm,
  digestOf,
  isDigest,
  isProvError,
  LIMITS,
  ProvError,
} from '#base';
import { type Descriptor, isManifestType, MEDIA, tagToVersion } from '#schemas';
import { bodyOf } from './http/request-body.js';
import { ManifestCache } from './manifest-cache.js';
import type { Reply } from './registry-client.js';
import { commitLimit } from './registry-settings.js';
import type { PushManifestOptions, TagOptions } from './remote-registry.js';
import type { RepositoryAccess } from './repository-access.js';

export const MANIFEST_ACCEPT = [
  MEDIA.ociManifest,
  MEDIA.ociIndex,
  MEDIA.dockerManifest,
  MEDIA.dockerManifestList,
].join(', ');
/** Registries have to take 4 MiB; what others stored may be larger. */
export const MAX_PULL_BYTES = 2 * LIMITS.manifestBytes;

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly etag?: string | undefined;
}

interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly allow?: 'pull' | 'push' | undefined;
}

/** Manifests and tags of one repository: exact bytes in, exact bytes out. */
export class RemoteManifests {
  readonly #access: RepositoryAccess;
  readonly #cache = new ManifestCache();

  constructor(access: RepositoryAccess) {
    this.#access = access;
  }

  /** @throws OCI_REFERENCE_NOT_FOUND, OCI_DIGEST_MISMATCH */
  async fetch(tagOrDigest: string, options: ReadOptions = {}): Promise<FetchedManifest> {
    const found = await this.find(tagOrDigest, options);
    if (found === undefined) throw this.#notFound(tagOrDigest);
    return found;
  }

  /** Undefined when it is not there. */
  async find(
    tagOrDigest: string,
    { signal, allow = 'pull' }: ReadOptions = {},
  ): Promise<FetchedManifest | undefined> {
    const reference = this.#access.checkReference(tagOrDigest);
    const cached = isDigest(reference) ? this.#cache.get(reference) : undefined;
    if (cached && isDigest(reference)) return fetched(reference, cached.bytes, cached.mediaType);
    const headers = { accept: MANIFEST_ACCEPT };
    const target = `manifests/${reference}`;
    const expect = [200, 404];
    const reply = await this.#access.call({
      method: 'GET',
      target,
      allow,
      headers,
      expect,
      maxBytes: MAX_PULL_BYTES,
      signal,
    });
    if (reply.status === 404) return undefined;
    return this.#accept(reference, reply);
  }

  /** The descriptor of a tag or digest by HEAD, or by GET where the answer lacks something; undefined when absent. */
  async head(
    tagOrDigest: string,
    { signal, allow = 'pull' }: ReadOptions = {},
  ): Promise<Descriptor | undefined> {
    const reference = this.#access.checkReference(tagOrDigest);
    const headers = { accept: MANIFEST_ACCEPT };
    const expect = [200, 404, 405, 501];
    const reply = await this.#access.call({
      method: 'HEAD',
      target: `manifests/${reference}`,
      allow,
      headers,
      expect,
      signal,
    });
    if (reply.status === 404) return undefined;
    const digest = reply.headers['docker-content-digest'];
    const mediaType = mediaTypeOf(reply);
    const size = Number(reply.headers['content-length'] ?? Number.NaN);
    const complete = reply.status === 200 && isDigest(digest) && size > 0 && isManifestType(mediaType);
    if (!complete) return (await this.find(reference, { signal, allow }))?.descriptor;
    if (isDigest(reference) && sameAlgorithm(reference, digest) && reference !== digest) {
      throw this.#mismatch(reference, digest);
    }
    return { mediaType, digest: isDigest(reference) ? reference : digest, size };
  }

  /** @throws OCI_TAG_CONFLICT, OCI_REMOTE_BLOB_UNKNOWN */
  async push(
    bytes: Uint8Array,
    descriptor: Descriptor,
    options: PushManifestOptions,
  ): Promise<PushedManifest> {
    assertWithin(bytes.byteLength, LIMITS.manifestBytes, `the manifest ${descriptor.digest}`);
    const tags = options.tags ?? [];
    let reply: Reply | undefined;
    if (tags.length === 0) reply = await this.#putByDigest(bytes, descriptor, options);
    const together = await this.#putTags(bytes, descriptor, options);
    reply ??= together?.reply;
    for (const tag of tags) {
      if (together?.set.includes(tag)) continue;
      const put = await this.#putTag(bytes, descriptor, { ...options, tag });
      reply ??= put;
    }
    this.#cache.set(descriptor.digest, { bytes, mediaType: descriptor.mediaType });
    if (reply === undefined) return { stored: false };
    return { stored: true, subject: reply.headers['oci-subject'] };
  }

  /** Points a tag at a manifest that is there. @throws OCI_TAG_CONFLICT, OCI_REFERENCE_NOT_FOUND */
  async tag(descriptor: Descriptor, tag: string, options: TagOptions): Promise<void> {
    const { bytes, descriptor: found } = await this.fetch(descriptor.digest, {
      signal: options.signal,
      allow: 'push',
    });
    await this.#putTag(bytes, { ...descriptor, mediaType: found.mediaType }, { tag, ...options });
  }

  /** PUT of a tag on conditions, for bookkeeping tags. False when they do not hold (412). */
  async putIf(
    tag: string,
    manifest: FetchedManifest,
    options: {
      readonly condition: Readonly<Record<string, string>>;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<boolean> {
    try {
      await this.#put(tag, manifest, options);
      return true;
    } catch (error) {
      if (isProvError(error, 'OCI_REMOTE_REFUSED') && [409, 412].includes(Number(error.details['status'])))
        return false;
      throw error;
    }
  }

  /** False when it was not there. @throws OCI_REMOTE_DELETE_DISABLED */
  async delete(reference: string, signal?: AbortSignal): Promise<boolean> {
    const target = `manifests/${this.#access.checkReference(reference)}`;
    if (isDigest(reference)) this.#cache.delete(reference);
    const reply = await this.#access.call({
      method: 'DELETE',
      target,
      allow: 'delete',
      expect: [200, 202, 204, 400, 404, 405, 501],
      signal,
    });
    if (reply.status < 300) return true;
    if (reply.status === 404) return false;
    const path = `/v2/${this.#access.wireName}/${target}`;
    throw new ProvError('OCI_REMOTE_DELETE_DISABLED', {
      host: this.#access.client.host,
      method: 'DELETE',
      path,
    });
  }

  async #putByDigest(
    bytes: Uint8Array,
    descriptor: Descriptor,
    { signal, absent = false }: PushManifestOptions,
  ): Promise<Reply | undefined> {
    if (!absent && (await this.head(descriptor.digest, { signal, allow: 'push' }))) return undefined;
    return this.#put(descriptor.digest, { descriptor, bytes }, { signal });
  }

  /**
   * Several tags that may move in one request, where the registry knows that; the tags it names are set.
   * Tags that may not move go alone, each on its condition.
   * @see OCI distribution-spec (development), end-7b
   */
  async #putTags(
    bytes: Uint8Array,
    descriptor: Descriptor,
    options: PushManifestOptions,
  ): Promise<{ readonly reply: Reply; readonly set: readonly string[] } | undefined> {
    const { profile } = this.#access.client;
    const { signal } = options;
    const movable = (options.tags ?? []).filter(
      (tag) => !(options.ifNoneMatch ?? tagToVersion(tag) !== undefined),
    );
    if (movable.length < 2 || profile.manyTags === false) return undefined;
    const wanted: string[] = [];
    for (const tag of new Set(movable)) {
      const existing = await this.head(tag, { signal, allow: 'push' });
      if (existing?.digest !== descriptor.digest) wanted.push(tag);
    }
    if (wanted.length < 2) return undefined;
    const query = wanted
      .map((tag) => `tag=${encodeURIComponent(this.#access.checkReference(tag))}`)
      .join('&');
    const reply = await this.#put(descriptor.digest, { descriptor, bytes }, { query, signal });
    const named = String(reply.headers['oci-tag'] ?? '').split(/\s*,\s*/);
    const set = wanted.filter((tag) => named.includes(tag));
    profile.manyTags = set.length > 0;
    return { reply, set };
  }

  async #putTag(
    bytes: Uint8Array,
    descriptor: Descriptor,
    options: TagOptions & { readonly tag: string },
  ): Promise<Reply | undefined> {
    const { tag, signal, ifNoneMatch = tagToVersion(tag) !== undefined } = options;
    const existing = await this.head(tag, { signal, allow: 'push' });
    if (existing?.digest === descriptor.digest) return undefined;
    if (existing && ifNoneMatch) throw this.#conflict(tag, existing.digest, descriptor.digest);
    const condition: Record<string, string> = ifNoneMatch ? { 'if-none-match': '*' } : {};
    let refusal: ProvError | undefined;
    const reply = await this.#put(tag, { descriptor, bytes }, { condition, signal }).catch(
      (error: unknown) => {
        if (!mayBeTagRefusal(error)) throw error;
        refusal = error;
      },
    );
    if (!ifNoneMatch && refusal === undefined) return reply ?? undefined;
    // Not every registry knows the condition, and refusals have many reasons: what is there now decides.
    const now = await this.head(tag, { signal, allow: 'push' });
    if (now?.digest === descriptor.digest) return reply ?? undefined;
    if (now === undefined && refusal !== undefined) throw refusal;
    throw this.#conflict(tag, now?.digest ?? 'nothing', descriptor.digest);
  }

  async #put(
    reference: string,
    { descriptor, bytes }: FetchedManifest,
    {
      condition = {},
      query = '',
      signal,
    }: { condition?: Readonly<Record<string, string>>; query?: string; signal?: AbortSignal | undefined },
  ): Promise<Reply> {
    const call = this.#access.call({
      method: 'PUT',
      target: `manifests/${this.#access.checkReference(reference)}${query === '' ? '' : `?${query}`}`,
      allow: 'push',
      headers: { 'content-type': descriptor.mediaType, ...condition },
      body: bodyOf(bytes, descriptor.digest),
      expect: [200, 201, 202, 204],
      answerMs: commitLimit(this.#access.client.settings.timeouts, bytes.byteLength),
      maxBytes: 64 * 1024,
      signal,
    });
    const reply = await call.catch((error: unknown) => {
      // What it does not find it must get again, whatever it says when asked for it.
      if (isProvError(error, 'OCI_REMOTE_BLOB_UNKNOWN'))
        for (const digest of blobsOf(bytes)) this.#access.doubtful.add(digest);
      throw error;
    });
    const stored = reply.headers['docker-content-digest'];
    if (isDigest(stored) && sameAlgorithm(stored, descriptor.digest) && stored !== descriptor.digest) {
      throw this.#mismatch(descriptor.digest, stored);
    }
    return reply;
  }

  #accept(reference: string, reply: Reply): FetchedManifest {
    const { bytes } = reply;
    const served = reply.headers['docker-content-digest'];
    const algorithm = isDigest(reference)
      ? digestAlgorithm(reference)
      : isDigest(served)
        ? digestAlgorithm(served)
        : 'sha256';
    const digest = digestOf(bytes, algorithm);
    const expected = isDigest(reference) ? reference : isDigest(served) ? served : digest;
    if (digest !== expected) throw this.#mismatch(expected, digest);
    const mediaType = this.#mediaType(reply);
    this.#cache.set(digest, { bytes, mediaType });
    const etag = reply.headers.etag;
    return { ...fetched(digest, bytes, mediaType), etag };
  }

  /** The type of the header, which the body may not deny; that of the body where a server does not know better. */
  #mediaType(reply: Reply): string {
    const served = mediaTypeOf(reply);
    const declared = declaredMediaType(reply.bytes);
    const known = isManifestType(served);
    if (known && (declared === undefined || declared === served)) return served;
    if (!known && isManifestType(declared ?? '')) return declared!;
    const path = `/v2/${this.#access.wireName}/manifests/`;
    const reason = known
      ? `it is sent as "${served}" and says of itself "${declared?.slice(0, 128)}"`
      : `"${served}" is not the type of a manifest`;
    throw new ProvError('OCI_REMOTE_ANSWER_INVALID', {
      host: this.#access.client.host,
      method: 'GET',
      path,
      reason,
    });
  }

  #conflict(tag: string, existing: string, digest: Digest): ProvError {
    return new ProvError('OCI_TAG_CONFLICT', { tag, where: this.#access.label, existing, digest });
  }

  #mismatch(expected: Digest, actual: Digest): ProvError {
    return new ProvError('OCI_DIGEST_MISMATCH', { where: this.#access.label, expected, actual });
  }

  #notFound(reference: string): ProvError {
    return new ProvError('OCI_REFERENCE_NOT_FOUND', { reference, where: this.#access.label });
  }
}

export interface PushedManifest {
  /** False when every tag (or the digest) was there already. */
  readonly stored: boolean;
  /** `OCI-Subject`: the registry keeps the list of referrers of this digest itself. */
  readonly subject?: unknown;
}

function fetched(digest: Digest, bytes: Uint8Array, mediaType: string): FetchedManifest {
  return { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes };
}

/** Without parameters such as `; charset=utf-8`. */
export function mediaTypeOf(reply: Reply): string {
  return (reply.headers['content-type'] ?? '')
    .replace(/\s*;.*$/s, '')
    .trim()
    .toLowerCase();
}

function declaredMediaType(bytes: Uint8Array): string | undefined {
  try {
    const declared = Object(JSON.parse(Buffer.from(bytes).toString('utf8')))['mediaType'];
    return typeof declared === 'string' ? declared : undefined;
  } catch (error) {
    if (isProvError(error)) throw error;
    return undefined;
  }
}

/** 409 and 412, and the 400 of registries whose immutable tags say so in words only. */
function mayBeTagRefusal(error: unknown): error is ProvError {
  if (!isProvError(error, 'OCI_REMOTE_REFUSED')) return false;
  const { status, reason } = error.details;
  return status === 409 || status === 412 || (status === 400 && /immutable|overwrit/i.test(String(reason)));
}

function sameAlgorithm(a: Digest, b: Digest): boolean {
  return digestAlgorithm(a) === digestAlgorithm(b);
}

/** Config and layers of an image manifest; nothing for other bytes. */
function blobsOf(bytes: Uint8Array): readonly string[] {
  const value = Object(JSON.parse(Buffer.from(bytes).toString('utf8'))) as Record<string, unknown>;
  const { layers } = value;
  const entries: unknown[] = [value['config'], ...(Array.isArray(layers) ? layers : [])];
  return entries.map((each) => Object(each).digest).filter((digest) => isDigest(digest));
}
