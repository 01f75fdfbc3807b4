import { type Digest, isDigest } from '#base';

const MAX_ALGORITHM_LENGTH = 32;
const MAX_ENCODED_LENGTH = 64;
/** The kinds of side tags that exist; another suffix is an ordinary tag. */
const SIDE_TAG = /^(sha256|sha512)-([0-9a-f]{64,128})\.(sig|att|sbom|assets\.[a-z0-9][a-z0-9._-]*)$/;

/**
 * The fallback tag under which a registry without the referrers API keeps the index of referrers.
 * @see OCI distribution-spec 1.1, "Referrers Tag Schema"
 */
export function referrersTag(digest: Digest): string {
  const colon = digest.indexOf(':');
  return `${digest.slice(0, colon).slice(0, MAX_ALGORITHM_LENGTH)}-${digest.slice(colon + 1).slice(0, MAX_ENCODED_LENGTH)}`;
}

/** Whether `tag` has the form of a fallback tag; such tags are bookkeeping and never copied. */
export function isReferrersTag(tag: string): boolean {
  return /^(?:sha256|sha512)-[0-9a-f]{64}$/.test(tag);
}

/** The tag of content that belongs to `digest` by name: `.sig`, `.att`, `.sbom`, `.assets.<os>-<arch>`. */
export function sideTag(digest: Digest, suffix: string): string {
  return `${digest.replace(':', '-')}.${suffix}`;
}

/** Takes a side tag apart, or undefined when `tag` is none. */
export function parseSideTag(tag: string): { readonly digest: Digest; readonly suffix: string } | undefined {
  const match = SIDE_TAG.exec(tag);
  const digest = match ? `${match[1]}:${match[2]}` : undefined;
  return match && isDigest(digest) ? { digest, suffix: match[3]! } : undefined;
}
