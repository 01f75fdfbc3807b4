import { type Digest, digestHex, digestOf, ProvError } from '#base';
import { ANNOTATION, type Descriptor, type ImageManifest, MEDIA, parseOciManifest } from '#schemas';
import { checkSignature } from './check-signature.js';
import type { PublicKey } from './public-key.js';
import type { BuiltManifest } from './referrer-manifest.js';
import type { LegacySignature } from './simple-signing.js';
import { fromBase64 } from './strict-base64.js';

/** cosign reads at most 1000; far fewer are honest. */
const MAX_SIGNATURES = 1000;

/** The tag that legacy signatures of a manifest live under. */
export function signatureTag(digest: Digest): string {
  return `sha256-${digestHex(digest)}.sig`;
}

/**
 * The `.sig` manifest that holds `signature` and every signature of `existing`. Additive: no layer of
 * another key or payload is lost, and the same key's signature of the same payload stays as it is, so
 * that signing twice changes nothing (`changed` is false).
 * @throws TRUST_SIGNATURE_MANIFEST_INVALID when `existing` is something else or is full.
 * @see cosign specs/SIGNATURE_SPEC.md
 */
export async function signatureManifest(
  signature: LegacySignature,
  key: PublicKey,
  existing?: Uint8Array,
): Promise<BuiltManifest & { readonly changed: boolean }> {
  const before = existing === undefined ? undefined : readExisting(existing);
  const layers = before?.layers ?? [];
  const ours: Descriptor = {
    mediaType: MEDIA.simpleSigning,
    digest: digestOf(signature.payload),
    size: signature.payload.byteLength,
    annotations: { [ANNOTATION.cosignSignature]: signature.signature },
  };
  if (existing !== undefined && (await isAmong(layers, ours.digest, signature.payload, key))) {
    const descriptor = {
      mediaType: MEDIA.ociManifest,
      digest: digestOf(existing),
      size: existing.byteLength,
    };
    return { descriptor, bytes: existing, blobs: [], changed: false };
  }
  if (layers.length >= MAX_SIGNATURES) throw invalid(`it already holds ${layers.length} signatures`);
  return {
    ...build([...layers, ours], before, { descriptor: ours, bytes: signature.payload }),
    changed: true,
  };
}

async function isAmong(
  layers: readonly Descriptor[],
  payloadDigest: Digest,
  payload: Uint8Array,
  key: PublicKey,
): Promise<boolean> {
  for (const layer of layers) {
    if (layer.digest !== payloadDigest) continue;
    const bytes = fromBase64(layer.annotations?.[ANNOTATION.cosignSignature] ?? '');
    if (bytes !== undefined && (await checkSignature(key, payload, bytes))) return true;
  }
  return false;
}

function build(
  layers: readonly Descriptor[],
  before: ImageManifest | undefined,
  added: { descriptor: Descriptor; bytes: Uint8Array },
): BuiltManifest {
  const configBytes = Buffer.from(
    JSON.stringify({
      architecture: '',
      os: '',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    }),
  );
  const config: Descriptor = {
    mediaType: MEDIA.ociConfig,
    digest: digestOf(configBytes),
    size: configBytes.byteLength,
  };
  const annotations = before?.annotations;
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      config,
      layers,
      ...(annotations === undefined ? {} : { annotations }),
    }),
  );
  const { annotations: _, ...payload } = added.descriptor;
  return {
    descriptor: { mediaType: MEDIA.ociManifest, digest: digestOf(bytes), size: bytes.byteLength },
    bytes,
    blobs: [
      { descriptor: config, bytes: configBytes },
      { descriptor: payload, bytes: added.bytes },
    ],
  };
}

function readExisting(bytes: Uint8Array): ImageManifest {
  let parsed: ReturnType<typeof parseOciManifest>;
  try {
    parsed = parseOciManifest(bytes, MEDIA.ociManifest);
  } catch (error) {
    throw new ProvError(
      'TRUST_SIGNATURE_MANIFEST_INVALID',
      { reason: (error as Error).message },
      { cause: error },
    );
  }
  if (parsed.kind !== 'manifest') throw invalid('it is an index');
  const foreign = parsed.manifest.layers.find((layer) => layer.mediaType !== MEDIA.simpleSigning);
  if (foreign !== undefined) throw invalid(`it has a layer of type ${foreign.mediaType}`);
  return parsed.manifest;
}

function invalid(reason: string): ProvError {
  return new ProvError('TRUST_SIGNATURE_MANIFEST_INVALID', { reason });
}
