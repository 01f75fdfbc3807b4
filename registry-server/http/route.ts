import { type Digest, ProvError, parseDigest } from '#base';

const SEGMENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
export const MAX_REPOSITORY_LENGTH = 255;
const MAX_PATH_LENGTH = 2048;

/** What a path under `/v2/` names. `reference` and `id` are still unchecked text. */
export type Route =
  | { readonly type: 'ping' }
  | { readonly type: 'catalog' }
  | { readonly type: 'tags'; readonly repository: string }
  | { readonly type: 'uploads'; readonly repository: string }
  | { readonly type: 'upload'; readonly repository: string; readonly id: string }
  | {
      readonly type: 'blob' | 'manifest' | 'referrers';
      readonly repository: string;
      readonly reference: string;
    };

/** Splits a request's target into decoded path and query. @throws REGISTRY_REQUEST_INVALID */
export function parseTarget(target: string): { path: string; query: URLSearchParams } {
  const question = target.indexOf('?');
  const raw = question < 0 ? target : target.slice(0, question);
  const query = new URLSearchParams(question < 0 ? '' : target.slice(question + 1));
  if (raw.length > MAX_PATH_LENGTH) throw invalid('the path is too long');
  // An encoded separator would make two readers of one path disagree.
  if (/%(?:2f|5c|00)/i.test(raw)) throw invalid('the path has an encoded separator');
  try {
    return { path: decodeURIComponent(raw), query };
  } catch {
    throw invalid('the path is badly encoded');
  }
}

/**
 * Reads a decoded path under `/v2/` from its end, so that any segment may occur in a repository's name.
 * @throws REGISTRY_NAME_INVALID, REGISTRY_ROUTE_UNKNOWN
 */
export function parseRoute(path: string): Route {
  if (path === '/v2' || path === '/v2/') return { type: 'ping' };
  if (path === '/v2/_catalog') return { type: 'catalog' };
  const parts = path.slice('/v2/'.length).split('/');
  const [before, middle, last] = [parts.at(-3), parts.at(-2), parts.at(-1) ?? ''];
  if (middle === 'tags' && last === 'list') return { type: 'tags', repository: nameOf(parts, 2) };
  if (middle === 'manifests') return { type: 'manifest', repository: nameOf(parts, 2), reference: last };
  if (middle === 'referrers') return { type: 'referrers', repository: nameOf(parts, 2), reference: last };
  if (before === 'blobs' && middle === 'uploads') {
    const repository = nameOf(parts, 3);
    return last === '' ? { type: 'uploads', repository } : { type: 'upload', repository, id: last };
  }
  if (middle === 'blobs' && last === 'uploads') return { type: 'uploads', repository: nameOf(parts, 2) };
  if (middle === 'blobs') return { type: 'blob', repository: nameOf(parts, 2), reference: last };
  throw new ProvError('REGISTRY_ROUTE_UNKNOWN', { path });
}

function nameOf(parts: readonly string[], tail: number): string {
  return parseRepository(parts.slice(0, -tail).join('/'));
}

/** @throws REGISTRY_NAME_INVALID @see OCI distribution-spec 1.1, "Pulling manifests" */
export function parseRepository(repository: string): string {
  const valid =
    repository.length <= MAX_REPOSITORY_LENGTH &&
    repository.split('/').every((segment) => SEGMENT.test(segment));
  if (!valid) throw new ProvError('REGISTRY_NAME_INVALID', { repository });
  return repository;
}

/** @throws REGISTRY_TAG_INVALID */
export function parseTag(tag: string): string {
  if (!TAG.test(tag)) throw new ProvError('REGISTRY_TAG_INVALID', { tag });
  return tag;
}

/** A tag, or a digest when there is a colon. @throws REGISTRY_TAG_INVALID, BASE_DIGEST_INVALID */
export function parseTagOrDigest(reference: string): { tag: string } | { digest: Digest } {
  return reference.includes(':') ? { digest: parseDigest(reference) } : { tag: parseTag(reference) };
}

function invalid(reason: string): ProvError {
  return new ProvError('REGISTRY_REQUEST_INVALID', { reason });
}
