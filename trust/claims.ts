import { ANNOTATION } from '#schemas';

/** What a signature says about the artifact besides its digest. */
export interface Claims {
  /** The logical `namespace/name`, without a host. */
  readonly repository: string;
  readonly name: string;
  readonly version: string;
  readonly kind: string;
  /** RFC 3339, UTC: when the signer published it. */
  readonly publishedAt?: string | undefined;
}

const UTC_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/** The signed pairs, the same in a statement's annotations and in the `optional` of a legacy payload. */
export function claimPairs(claims: Claims): Record<string, string> {
  return {
    [ANNOTATION.name]: claims.name,
    [ANNOTATION.provVersion]: claims.version,
    [ANNOTATION.kind]: claims.kind,
    ...(claims.publishedAt !== undefined && { [ANNOTATION.publishedAt]: claims.publishedAt }),
  };
}

export type ClaimsResult =
  | { readonly ok: true; readonly claims: Claims | undefined }
  | { readonly ok: false; readonly reason: string };

/**
 * Claims out of signed pairs. None of the three pairs means digest-only (a signature made by plain
 * cosign); some of them without the others is damage, not a weaker claim.
 */
export function readClaims(pairs: ReadonlyMap<string, string>, repository: string | undefined): ClaimsResult {
  const name = pairs.get(ANNOTATION.name);
  const version = pairs.get(ANNOTATION.provVersion);
  const kind = pairs.get(ANNOTATION.kind);
  if (name === undefined && version === undefined && kind === undefined)
    return { ok: true, claims: undefined };
  if (name === undefined || version === undefined || kind === undefined || repository === undefined) {
    return { ok: false, reason: 'it names the artifact only in part' };
  }
  const publishedAt = pairs.get(ANNOTATION.publishedAt);
  if (publishedAt === undefined) return { ok: true, claims: { repository, name, version, kind } };
  if (!UTC_TIME.test(publishedAt) || Number.isNaN(Date.parse(publishedAt)))
    return { ok: false, reason: 'its time of publication is no time' };
  return { ok: true, claims: { repository, name, version, kind, publishedAt } };
}
