import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { seededBytes } from './seeded-bytes.js';

export const LAYOUT_REPOSITORY = 'bench/image';
export const LAYOUT_TAG = 'r1';

/**
 * An OCI layout with one image of one layer of about `mebibytes`: gzip of stored blocks around random bytes,
 * so that no client finds anything to compress and none compresses it again.
 */
export function writeRandomLayout(directory: string, seed: string, mebibytes: number): void {
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
  const put = blobWriter(directory);
  const random = seededBytes(seed, mebibytes * 2 ** 20);
  const layer = put(gzipSync(random, { level: 0 }), 'application/vnd.oci.image.layer.v1.tar+gzip');
  const diffId = `sha256:${createHash('sha256').update(random).digest('hex')}`;
  const config = put(
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: [diffId] },
      }),
    ),
    'application/vnd.oci.image.config.v1+json',
  );
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = put(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] })),
    mediaType,
  );
  writeIndex(directory, [
    { ...manifest, tag: `${LAYOUT_REPOSITORY}:${LAYOUT_TAG}` },
    { ...manifest, tag: LAYOUT_TAG },
  ]);
}

/**
 * An OCI layout with `count` small artifacts (a config and a layer of 4 KiB each), tagged 1.0.0, 1.0.1, … both as
 * `repository:tag`, as we read it, and bare, as oras does.
 */
export function writeSmallLayout(
  directory: string,
  seed: string,
  { repository, count }: { readonly repository: string; readonly count: number },
): void {
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
  const put = blobWriter(directory);
  const entries = Array.from({ length: count }, (_, i) => {
    const layer = put(seededBytes(`${seed} ${i}`, 4096), 'application/octet-stream');
    const config = put(Buffer.from(JSON.stringify({ seed, i })), 'application/vnd.example.config.v1+json');
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const artifactType = 'application/vnd.example.small.v1';
    const body = { schemaVersion: 2, mediaType, artifactType, config, layers: [layer] };
    const manifest = put(Buffer.from(JSON.stringify(body)), mediaType);
    return [
      { ...manifest, tag: `${repository}:1.0.${i}` },
      { ...manifest, tag: `1.0.${i}` },
    ];
  });
  writeIndex(directory, entries.flat());
}

interface Written {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function blobWriter(directory: string): (bytes: Uint8Array, mediaType: string) => Written {
  return (bytes, mediaType) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(directory, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength };
  };
}

function writeIndex(directory: string, entries: readonly (Written & { readonly tag: string })[]): void {
  const manifests = entries.map(({ tag, ...descriptor }) => ({
    ...descriptor,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }));
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}
