import * as z from 'zod';
import { type Digest, isDigest } from '#base';
import { dependencyFactsSchema } from './config-blob.js';
import { KINDS } from './names.js';

export const LIFECYCLE_STATES = ['active', 'deprecated', 'yanked', 'revoked'] as const;
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

export const indexEntrySchema = z.looseObject({
  version: z.string(),
  digest: z.custom<Digest>(isDigest, 'must be a digest'),
  size: z.int().nonnegative(),
  kind: z.enum(KINDS),
  deps: dependencyFactsSchema,
  publishedAt: z.string().optional(),
  state: z.enum(LIFECYCLE_STATES).default('active'),
  reason: z.string().optional(),
  /** What to take instead: a name, or `name@range`. */
  replacement: z.string().optional(),
  /** Ids of the keys whose signatures are attached, whoever they belong to; only a verification says what they mean. */
  signers: z.array(z.string()).optional(),
});
/** One version in a package index. `size` is the size of the manifest in bytes. */
export type IndexEntry = z.output<typeof indexEntrySchema>;

/** `application/vnd.prov.index.v1+json`: everything a resolver needs of one package. */
export const indexDocumentSchema = z.looseObject({
  v: z.literal(1),
  repository: z.string(),
  entries: z.array(indexEntrySchema),
});
export type IndexDocument = z.output<typeof indexDocumentSchema>;
