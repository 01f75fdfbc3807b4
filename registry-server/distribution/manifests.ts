import { type Digest, digestAlgorithm, digestOf, LIMITS, ProvError, parseDigest } from '#base';
import { refreshLifecycle } from '../catalogue/refresh-lifecycle.js';
import type { RegistryContext } from '../context.js';
import { receiveBytes } from '../http/receive-body.js';
import { type Exchange, notModified, sendBytes, sendEmpty } from '../http/respond.js';
import { parseTag, parseTagOrDigest } from '../http/route.js';
import { speaksOfLifecycle } from '../storage/lifecycle-referrers.js';
import { readExtension } from './extension-rules.js';
import { readManifest } from './read-manifest.js';
import { assertReadable, assertSigned } from './signature-policy.js';

/** Tags in one PUT, at most. The distribution-spec asks for at least ten. */
export const MAX_TAGS_PER_PUT = 100;

/** GET, HEAD, PUT and DELETE of a manifest. @see OCI distribution-spec 1.1, "Pulling manifests" */
export async function handleManifest(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  const { method } = exchange.request;
  switch (method) {
    case 'GET':
    case 'HEAD':
      return getManifest(context, exchange, repository, reference);
    case 'PUT':
      return putManifest(context, exchange, repository, reference);
    case 'DELETE':
      return deleteManifest(context, exchange, repository, reference);
    default:
      throw new ProvError('REGISTRY_METHOD_UNSUPPORTED', { method });
  }
}

async function getManifest(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  const parsed = parseTagOrDigest(reference);
  const manifest = await context.cache.find(repository, parsed);
  if (manifest === undefined) throw new ProvError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference });
  if (exchange.request.method === 'GET')
    await assertReadable(context, repository, { manifest, ...('tag' in parsed ? parsed : {}) });
  const etag = `"${manifest.digest}"`;
  const headers = {
    'content-type': manifest.mediaType,
    'docker-content-digest': manifest.digest,
    etag,
    'cache-control': 'digest' in parsed ? 'private, max-age=31536000, immutable' : 'no-cache',
  };
  if (notModified(exchange.request, etag)) return sendEmpty(exchange, 304, headers);
  return sendBytes(exchange, manifest.bytes, headers);
}

async function putManifest(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  const { headers } = exchange.request;
  const parsed = parseTagOrDigest(reference);
  const tags = 'tag' in parsed ? [parsed.tag] : tagParameters(exchange.query);
  const bytes = await receiveBytes(exchange.request, LIMITS.manifestBytes, 'the manifest');
  const digest = digestFor(bytes, parsed, exchange.query);
  const read = readManifest(bytes, headers['content-type']);
  const extension = await readExtension(context, { repository, read, tags });
  const manifest = { digest, mediaType: read.mediaType, bytes };
  // Before it has a tag nobody is given it by name, and signatures can be attached.
  if (tags.length > 0) await assertSigned(context, { repository, manifest, tags });
  await context.metadata.putManifest({
    repository,
    manifest,
    artifactType: read.artifactType,
    annotations: read.annotations,
    subject: read.subject,
    blobs: read.blobs,
    children: read.children,
    tags,
    createOnly: headers['if-none-match']?.trim() === '*',
    expected: expectedTags(headers['if-match']),
    extension,
  });
  for (const tag of tags) context.cache.forgetTag(repository, tag);
  if (read.subject !== undefined && speaksOfLifecycle(read.artifactType))
    await refreshLifecycle(context, repository, read.subject);
  // Referrers may come before what they are about.
  if (
    extension !== undefined &&
    (await context.metadata.listReferrers(repository, digest, undefined)).length > 0
  )
    await refreshLifecycle(context, repository, digest);
  context.cache.noteChange();
  const { response } = exchange;
  for (const tag of 'tag' in parsed ? [] : tags) response.appendHeader('oci-tag', tag);
  return sendEmpty(exchange, 201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    ...(read.subject === undefined ? {} : { 'oci-subject': read.subject }),
  });
}

async function deleteManifest(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  const parsed = parseTagOrDigest(reference);
  if ('tag' in parsed) {
    await context.metadata.removeTag(repository, parsed.tag);
    context.cache.forgetTag(repository, parsed.tag);
  } else {
    const removed = await context.cache.find(repository, parsed);
    const tags = await context.metadata.removeManifest(repository, parsed.digest);
    for (const tag of tags) context.cache.forgetTag(repository, tag);
    context.cache.forgetManifest(repository, parsed.digest);
    const subject = removed && readManifest(removed.bytes, removed.mediaType).subject;
    if (subject !== undefined) await refreshLifecycle(context, repository, subject);
  }
  context.cache.noteChange();
  return sendEmpty(exchange, 202);
}

/** `?tag=a&tag=b` of a PUT by digest. @see OCI distribution-spec (development), "Pushing manifests" */
function tagParameters(query: URLSearchParams): string[] {
  const tags = [...new Set(query.getAll('tag'))];
  if (tags.length > MAX_TAGS_PER_PUT)
    throw new ProvError('REGISTRY_TAGS_TOO_MANY', { limit: MAX_TAGS_PER_PUT });
  return tags.map(parseTag);
}

function digestFor(
  bytes: Uint8Array,
  parsed: { tag: string } | { digest: Digest },
  query: URLSearchParams,
): Digest {
  const parameter = query.get('digest');
  const expected =
    'digest' in parsed ? parsed.digest : parameter === null ? undefined : parseDigest(parameter);
  const actual = digestOf(bytes, expected === undefined ? 'sha256' : digestAlgorithm(expected));
  if (expected !== undefined && expected !== actual)
    throw new ProvError('REGISTRY_DIGEST_MISMATCH', { expected, actual });
  return actual;
}

/** Digests of an `If-Match` header; `*` stays as it is. */
function expectedTags(header: string | undefined): string[] | undefined {
  return header?.split(',').map((each) => each.trim().replace(/^"(.*)"$/, '$1'));
}
