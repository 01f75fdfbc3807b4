import * as z from 'zod';
import { type Digest, isDigest, ProvError } from '#base';
import { safeParseJson } from './accepts.js';
import { MEDIA } from './media-types.js';

const decoder = new TextDecoder('utf-8', { fatal: true });
const digest = z.custom<Digest>(isDigest, 'must be a sha256 or sha512 digest');
const annotations = z.record(z.string(), z.string());

/** @see OCI image-spec 1.1, descriptor.md. Unknown members are kept. */
export const descriptorSchema = z.looseObject({
  mediaType: z.string().min(1),
  digest,
  size: z.int().nonnegative(),
  annotations: annotations.optional(),
  artifactType: z.string().optional(),
  urls: z.array(z.string()).optional(),
  data: z.string().optional(),
  platform: z
    .looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() })
    .optional(),
});
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly artifactType?: string | undefined;
  readonly urls?: readonly string[] | undefined;
  readonly data?: string | undefined;
  readonly platform?:
    | { readonly os: string; readonly architecture: string; readonly variant?: string | undefined }
    | undefined;
}

/** @see OCI image-spec 1.1, manifest.md */
export const imageManifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  subject: descriptorSchema.optional(),
  annotations: annotations.optional(),
});
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** @see OCI image-spec 1.1, image-index.md */
export const imageIndexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  manifests: z.array(descriptorSchema),
  subject: descriptorSchema.optional(),
  annotations: annotations.optional(),
});
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string | undefined;
  readonly artifactType?: string | undefined;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const MANIFEST_TYPES: readonly string[] = [MEDIA.ociManifest, MEDIA.dockerManifest];
const INDEX_TYPES: readonly string[] = [MEDIA.ociIndex, MEDIA.dockerManifestList];

export function isManifestType(mediaType: string): boolean {
  return MANIFEST_TYPES.includes(mediaType) || INDEX_TYPES.includes(mediaType);
}

export type ParsedManifest =
  | { readonly kind: 'manifest'; readonly manifest: ImageManifest }
  | { readonly kind: 'index'; readonly index: ImageIndex };

/**
 * Reads an image manifest or index from its bytes, keeping unknown members.
 * A body whose `mediaType` differs from the type it was served with is refused, as is one with both
 * `layers` and `manifests` (CVE-2021-41190). @throws SCHEMAS_WIRE_INVALID
 */
export function parseOciManifest(bytes: Uint8Array, mediaType: string): ParsedManifest {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    const what = `the manifest (${mediaType})`;
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: (error as Error).message }, { cause: error });
  }
  return readOciManifest(value, mediaType);
}

/** The same of a value that was read from JSON already. @throws SCHEMAS_WIRE_INVALID */
export function readOciManifest(value: unknown, mediaType: string): ParsedManifest {
  const what = `the manifest (${mediaType})`;
  if (typeof value !== 'object' || value === null)
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: 'it is not a JSON object' });
  const body = value as Record<string, unknown>;
  const declared = body['mediaType'];
  if (declared !== undefined && declared !== mediaType) {
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: `its mediaType says ${String(declared)}` });
  }
  if ('manifests' in body && ('layers' in body || 'config' in body)) {
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: 'it is a manifest and an index at once' });
  }
  if (INDEX_TYPES.includes(mediaType))
    return { kind: 'index', index: parseWire(imageIndexSchema, value, what) };
  return { kind: 'manifest', manifest: parseWire(imageManifestSchema, value, what) };
}

/** Checks a value from outside against a schema. @throws SCHEMAS_WIRE_INVALID naming the first problem. */
export function parseWire<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = safeParseJson(schema, value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new ProvError('SCHEMAS_WIRE_INVALID', {
    what,
    reason: `${issue.path.join('.') || 'value'}: ${issue.message}`,
  });
}
