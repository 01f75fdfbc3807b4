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
  const put = (bytes: Uint8Array, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(directory, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength };
  };
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
  const name = { 'org.opencontainers.image.ref.name': `${LAYOUT_REPOSITORY}:${LAYOUT_TAG}` };
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(directory, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations: name }] }),
  );
}
