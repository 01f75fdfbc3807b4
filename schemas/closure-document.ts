import * as z from 'zod';
import { type Digest, isDigest } from '#base';
import { indexDocumentSchema } from './index-document.js';
import { isRepository } from './reference.js';
import { isRange } from './version.js';

/** Packages that one request may start from. */
export const MAX_CLOSURE_ROOTS = 4096;
/** Manifests that one request may ask for. */
export const MAX_CONTENT_ITEMS = 4096;

const repository = z.string().refine(isRepository, 'must be namespace/name');
const digest = z.custom<Digest>(isDigest, 'must be a digest');

/** Body of `POST /api/v1/closure`. @see docs/spec/closure.md */
export const closureRequestSchema = z.looseObject({
  v: z.literal(1),
  roots: z
    .array(
      z.looseObject({
        repository,
        /** Only these versions are followed; the index of the root is whole all the same. Default: all. */
        range: z.string().refine(isRange, 'must be a version range').optional(),
      }),
    )
    .max(MAX_CLOSURE_ROOTS),
});
export type ClosureRequest = z.output<typeof closureRequestSchema>;

/** `application/vnd.prov.closure.v1+json`: the index of everything that may be needed, in one answer. */
export const closureDocumentSchema = z.looseObject({
  v: z.literal(1),
  /** Sorted by repository. */
  packages: z.array(indexDocumentSchema),
  /** Names that something depends on and that are not published here. Sorted. */
  missing: z.array(z.string()),
  /** Set when a limit cut it short: what is not in it has to be asked for by itself. */
  truncated: z.boolean(),
});
export type ClosureDocument = z.output<typeof closureDocumentSchema>;

/** Body of `POST /api/v1/contents`. */
export const contentsRequestSchema = z.looseObject({
  v: z.literal(1),
  items: z.array(z.looseObject({ repository, digest })).max(MAX_CONTENT_ITEMS),
});
export type ContentsRequest = z.output<typeof contentsRequestSchema>;

const descriptor = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.int().nonnegative(),
  artifactType: z.string().optional(),
});

const contentItem = z.looseObject({
  repository: z.string(),
  digest,
  mediaType: z.string(),
  /** Attached signatures, as the referrers API lists them. */
  referrers: z.array(descriptor),
  /** What the `.sig` tag points to. */
  legacy: descriptor.optional(),
  /** Digests of the small content of this item that is in `content`. */
  content: z.array(digest),
});

/** `application/vnd.prov.contents.v1+json`: manifests, configs and signatures of many versions at once. */
export const contentsDocumentSchema = z.looseObject({
  v: z.literal(1),
  items: z.array(contentItem),
  /** Digest → the bytes as text. Whoever reads it compares the digest. */
  content: z.record(z.string(), z.string()),
  truncated: z.boolean(),
});
export type ContentsDocument = z.output<typeof contentsDocumentSchema>;
export type ContentItem = ContentsDocument['items'][number];
