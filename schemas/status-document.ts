import * as z from 'zod';
import { type Digest, isDigest } from '#base';
import { LIFECYCLE_STATES } from './index-document.js';

/** Characters of the reason that people read. */
export const MAX_STATUS_REASON = 1024;

/** `application/vnd.prov.status.v1+json`: what somebody says about one published version. */
export const statusDocumentSchema = z.looseObject({
  v: z.literal(1),
  subject: z.looseObject({
    digest: z.custom<Digest>(isDigest, 'must be a digest'),
    /** `namespace/name` and version where it was said; for people, the digest decides. */
    repository: z.string().max(255),
    version: z.string().max(128).optional(),
  }),
  state: z.enum(LIFECYCLE_STATES),
  reason: z.string().min(1).max(MAX_STATUS_REASON),
  /** What to take instead: a name, or `name@range`. */
  replacement: z.string().max(256).optional(),
  /** Higher ones come later; the one who writes takes the highest that is there and adds 1. */
  sequence: z.int().positive(),
  issuedAt: z.iso.datetime(),
  /** PEM of the key that signed it, so that whoever knows the key by its id only can check the signature. */
  key: z.string().max(2048).optional(),
});
export type StatusDocument = z.output<typeof statusDocumentSchema>;

const SEVERITY = { active: 0, deprecated: 1, yanked: 2, revoked: 3 } as const;

/** Negative when `a` is milder than `b`: active, deprecated, yanked, revoked. */
export function compareStates(a: keyof typeof SEVERITY, b: keyof typeof SEVERITY): number {
  return SEVERITY[a] - SEVERITY[b];
}
