import { isDeepStrictEqual } from 'node:util';
import { assertWithin, canonicalJson, type Digest, LIMITS, ProvError } from '#base';
import {
  ANNOTATION,
  type ConfigBlob,
  type DependencyFacts,
  dependencyFacts,
  dependencyFactsSchema,
  type ExtensionManifest,
  KINDS,
  type Kind,
  parseWire,
} from '#schemas';
import { parseJson } from './parse-json.js';

/** Stands in `dev.prov.deps` when the facts are too large: read them from the config blob. */
export const DEPS_IN_CONFIG = '@config';

export interface AnnotationOptions {
  /** Platforms whose assets are layers of the manifest. */
  readonly vendored?: readonly string[] | undefined;
  /** Seconds since 1970, when the build has a set time. */
  readonly epoch?: number | undefined;
}

/**
 * The annotations of an extension's manifest: all that a resolver needs, in one request.
 * @throws BASE_LIMIT_EXCEEDED above 64 KiB in all.
 */
export function extensionAnnotations(
  manifest: ExtensionManifest,
  options: AnnotationOptions = {},
): Readonly<Record<string, string>> {
  const facts = canonicalJson(dependencyFacts(manifest));
  const factsFit = Buffer.byteLength(facts) <= LIMITS.dependencyAnnotationBytes;
  const all: Record<string, string | undefined> = {
    [ANNOTATION.title]: manifest.name,
    [ANNOTATION.version]: manifest.version,
    [ANNOTATION.description]: manifest.description,
    [ANNOTATION.licenses]: manifest.license,
    [ANNOTATION.source]: manifest.repository,
    [ANNOTATION.url]: manifest.homepage,
    [ANNOTATION.vendor]: manifest.author ?? manifest.authors?.join(', '),
    [ANNOTATION.created]: options.epoch === undefined ? undefined : rfc3339(options.epoch),
    [ANNOTATION.kind]: manifest.type,
    [ANNOTATION.name]: manifest.name,
    [ANNOTATION.deps]: factsFit ? facts : DEPS_IN_CONFIG,
    [ANNOTATION.vendored]: options.vendored?.length ? options.vendored.join(',') : undefined,
  };
  const set = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const bytes = set.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  assertWithin(bytes, LIMITS.annotationBytes, 'the annotations of the manifest');
  return Object.fromEntries(set);
}

function rfc3339(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
}

/** What the annotations of a manifest or index say, without its config. */
export interface AnnotatedFacts {
  readonly kind: Kind | undefined;
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** Absent when the annotation is missing or says that only the config holds them. */
  readonly facts: DependencyFacts | undefined;
}

/**
 * Reads the facts a resolver needs from annotations alone: one request a version. They are only a claim
 * until `readExtension` compared them with the config.
 * @throws SCHEMAS_WIRE_INVALID when `dev.prov.deps` is not what it should be.
 */
export function annotatedFacts(annotations: Readonly<Record<string, string>> | undefined): AnnotatedFacts {
  const kind = KINDS.find((each) => each === annotations?.[ANNOTATION.kind]);
  const deps = annotations?.[ANNOTATION.deps];
  return {
    kind,
    name: annotations?.[ANNOTATION.name],
    version: annotations?.[ANNOTATION.version],
    facts: deps === undefined || deps === DEPS_IN_CONFIG ? undefined : parseFacts(deps),
  };
}

/**
 * Compares an extension's annotations with its config; absent ones are fine.
 * @throws OCI_ANNOTATION_MISMATCH naming the first that differs.
 */
export function assertAnnotations(
  config: ConfigBlob,
  annotations: Readonly<Record<string, string>>,
  place: { readonly digest: Digest; readonly where: string },
): void {
  const expected: Readonly<Record<string, string>> = {
    [ANNOTATION.name]: config.name,
    [ANNOTATION.kind]: config.type,
    [ANNOTATION.version]: config.version,
  };
  for (const [annotation, value] of Object.entries(expected)) {
    const actual = annotations[annotation];
    if (actual !== undefined && actual !== value)
      throw new ProvError('OCI_ANNOTATION_MISMATCH', { annotation, ...place });
  }
  const deps = annotations[ANNOTATION.deps];
  if (deps === undefined || deps === DEPS_IN_CONFIG) return;
  const facts = dependencyFacts(config) as Readonly<Record<string, unknown>>;
  const written = parseJson(Buffer.from(deps), ANNOTATION.deps);
  if (isDeepStrictEqual(written, facts)) return;
  const claimed = readFacts(written) as Readonly<Record<string, unknown>>;
  for (const key of FACT_KEYS) {
    if (canonicalJson(claimed[key] ?? null) !== canonicalJson(facts[key] ?? null)) {
      throw new ProvError('OCI_ANNOTATION_MISMATCH', { annotation: ANNOTATION.deps, ...place });
    }
  }
}

const FACT_KEYS = Object.keys(dependencyFactsSchema.shape);

function parseFacts(text: string): DependencyFacts {
  return readFacts(parseJson(Buffer.from(text), ANNOTATION.deps));
}

function readFacts(value: unknown): DependencyFacts {
  return parseWire(dependencyFactsSchema, value, ANNOTATION.deps) as DependencyFacts;
}
