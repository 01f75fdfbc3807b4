import { type Digest, digestAlgorithm, digestOf, LIMITS } from '#base';
import {
  ANNOTATION,
  configBlobSchema,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  isExtensionName,
  type Kind,
  MEDIA,
  readOciManifest,
  safeParseJson,
  splitRepository,
} from '#schemas';
import { type Reason, type ReasonCode, reason } from './reason.js';
import type { LogicalRepository } from './repository-pattern.js';
import { parseStrictJson } from './strict-json.js';

/**
 * What was asked for, never what the content says of itself. Absent members are not compared; the name
 * defaults to the repository's last segment.
 */
export interface VerifyRequest extends LogicalRepository {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly kind?: Kind | undefined;
}

export interface ArtifactBytes {
  readonly manifest: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
  /** Required for an extension's image manifest; an index carries its name in annotations. */
  readonly config?: Uint8Array | undefined;
}

/** What the bytes themselves say; all of it is covered by the manifest's digest. */
export interface ArtifactFacts {
  /** sha256 of the manifest: what a signature must be about. */
  readonly subject: Digest;
  /** Manifest, config, layers, children: what a deny list can name. */
  readonly digests: ReadonlySet<string>;
  /** Undefined for artifacts that are not extensions. */
  readonly name: { readonly name: string; readonly version: string; readonly kind: string } | undefined;
}
export type FactsResult =
  | { readonly ok: true; readonly facts: ArtifactFacts }
  | { readonly ok: false; readonly reason: Reason };

const MANIFEST_JSON = { maxBytes: LIMITS.manifestBytes, maxDepth: 32 } as const;
const CONFIG_JSON = { maxBytes: LIMITS.configBlobBytes, maxDepth: 64 } as const;

/**
 * Ties request, manifest and config together: the manifest has the digest it is known by, the config is
 * the manifest's, and name, version and kind are those that were asked for. No policy can excuse a failure.
 */
export function establishFacts(request: VerifyRequest, artifact: ArtifactBytes): FactsResult {
  const { descriptor, bytes } = artifact.manifest;
  if (
    bytes.byteLength !== descriptor.size ||
    digestOf(bytes, digestAlgorithm(descriptor.digest)) !== descriptor.digest
  ) {
    return fail('manifest-digest', descriptor.digest);
  }
  const json = parseStrictJson(bytes, MANIFEST_JSON);
  if (!json.ok) return fail('manifest-malformed', `it ${json.reason}`);
  let parsed: ReturnType<typeof readOciManifest>;
  try {
    parsed = readOciManifest(json.value, descriptor.mediaType);
  } catch (error) {
    return fail('manifest-malformed', (error as Error).message);
  }
  const subject = descriptor.digest.startsWith('sha256:') ? descriptor.digest : digestOf(bytes);
  if (parsed.kind === 'index')
    return compare(request, {
      subject,
      digests: digestsOf(subject, descriptor, parsed.index.manifests),
      name: nameOfIndex(parsed.index),
    });
  const { manifest } = parsed;
  const digests = digestsOf(subject, descriptor, [manifest.config, ...manifest.layers]);
  if (manifest.config.mediaType !== MEDIA.extensionConfig)
    return compare(request, { subject, digests, name: undefined });
  const config = nameOfConfig(manifest, artifact.config);
  return config.ok ? compare(request, { subject, digests, name: config.name }) : config;
}

function nameOfConfig(
  manifest: ImageManifest,
  config: Uint8Array | undefined,
): { ok: true; name: ArtifactFacts['name'] } | { ok: false; reason: Reason } {
  const { digest, size } = manifest.config;
  if (config === undefined) return fail('config-digest', 'it was not given');
  if (config.byteLength !== size || digestOf(config, digestAlgorithm(digest)) !== digest)
    return fail('config-digest', digest);
  const json = parseStrictJson(config, CONFIG_JSON);
  if (!json.ok) return fail('config-malformed', `it ${json.reason}`);
  const parsed = safeParseJson(configBlobSchema, json.value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return fail('config-malformed', `${issue.path.join('.') || 'config'}: ${issue.message}`);
  }
  return { ok: true, name: { name: parsed.data.name, version: parsed.data.version, kind: parsed.data.type } };
}

function nameOfIndex({ annotations = {} }: ImageIndex): ArtifactFacts['name'] {
  const [name, version, kind] = [
    annotations[ANNOTATION.name],
    annotations[ANNOTATION.version],
    annotations[ANNOTATION.kind],
  ];
  return name === undefined || version === undefined || kind === undefined
    ? undefined
    : { name, version, kind };
}

function compare(request: VerifyRequest, facts: ArtifactFacts): FactsResult {
  if (facts.name === undefined) return { ok: true, facts };
  const { name, version, kind } = facts.name;
  const wanted = request.name ?? splitRepository(request.repository).name;
  if (!isExtensionName(name) || name !== wanted)
    return fail('name-mismatch', `asked for "${wanted}", it is "${name.slice(0, 80)}"`);
  if (request.version !== undefined && request.version !== version)
    return fail('version-mismatch', `asked for ${request.version}, it is ${version.slice(0, 128)}`);
  if (request.kind !== undefined && request.kind !== kind)
    return fail('kind-mismatch', `asked for a ${request.kind}, it is a ${kind.slice(0, 32)}`);
  return { ok: true, facts };
}

function digestsOf(subject: Digest, own: Descriptor, parts: readonly Descriptor[]): ReadonlySet<string> {
  return new Set([subject, own.digest, ...parts.map((part) => part.digest)]);
}

function fail(code: ReasonCode, detail: string): { ok: false; reason: Reason } {
  return { ok: false, reason: reason(code, detail) };
}
