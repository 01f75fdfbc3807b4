import { gzipSync } from 'node:zlib';
import { digestOf } from '#base';
import { MEDIA } from '#schemas';
import { hash } from '../fault-registry/index.js';
import type { Attack } from './attack.js';
import { REPOSITORY, type Stage, TAG } from './stage.js';

const MANIFEST = /\/manifests\//;

/** What the trusted key signed for another version, offered under the tag that is asked for. */
async function olderVersion(stage: Stage): Promise<void> {
  await stage.publish({
    config: (text) => text.replaceAll(TAG, '7.1.0'),
    manifest: (manifest) => {
      manifest['annotations'] = JSON.parse(JSON.stringify(manifest['annotations']).replaceAll(TAG, '7.1.0'));
    },
    sign: false,
  });
  await stage.sign(stage.good, { version: '7.1.0' });
}

const layerOf = (stage: Stage): string => JSON.parse(stage.manifestText).layers[0].digest;

const digestForms: readonly [string, (hex: string) => Record<string, string>][] = [
  ['sha512: before 64 digits', (hex) => ({ sha512: hex })],
  ['SHA256: in capitals', (hex) => ({ SHA256: hex })],
  ['upper-case digits', (hex) => ({ sha256: hex.toUpperCase() })],
  ['md5', () => ({ md5: 'd41d8cd98f00b204e9800998ecf8427e' })],
  ['sha1 beside it', (hex) => ({ sha256: hex, sha1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709' })],
  ['no digits', () => ({ sha256: '' })],
  ['half the digits', (hex) => ({ sha256: hex.slice(0, 32) })],
];

/** Section A: what a registry or somebody on the way can do. */
export const transportAttacks: readonly Attack[] = [
  {
    number: 1,
    what: 'a pinned tag now points elsewhere and the old content is gone',
    code: 'OCI_REFERENCE_NOT_FOUND',
    says: /sha256:/,
    on: ['verify', 'pull'],
    async play(stage, hostile) {
      const before = stage.digest;
      const { bytes } = stage.content.manifests.get(before)!;
      stage.reference = `${REPOSITORY}:${TAG}@${before}`;
      if (!hostile) return;
      await stage.publish({ raw: (text) => text.replace('{', '{"x":1,') });
      stage.content.manifests.delete(digestOf(bytes));
    },
  },
  {
    number: 2,
    what: 'an older version, well signed, is served under the newer tag',
    code: { verify: 'version-mismatch', pull: 'MANAGER_CONTENT_MISNAMED', resolve: 'MANAGER_INDEX_LIES' },
    says: /7\.[12]\.0/,
    on: ['verify', 'pull', 'resolve'],
    play: (stage, hostile) => (hostile ? olderVersion(stage) : undefined),
  },
  {
    number: 6,
    what: 'the manifest is not what its digest says',
    code: 'OCI_DIGEST_MISMATCH',
    says: /sha256:/,
    play(stage, hostile) {
      const { digest, subject } = stage;
      const bytes = Buffer.from(stage.manifestText.replace('{', '{ ').slice(0));
      if (hostile) stage.content.manifests.set(digest, { type: subject.mediaType, bytes });
    },
  },
  {
    number: 7,
    what: 'the archive has one wrong byte',
    code: 'OCI_DIGEST_MISMATCH',
    says: /sha256:/,
    on: ['pull', 'resolve', 'import'],
    play(stage, hostile) {
      const digest = layerOf(stage);
      const bytes = Buffer.from(stage.content.blobs.get(digest)!);
      bytes[bytes.length - 1]! ^= 1;
      if (hostile) stage.content.blobs.set(digest, bytes);
    },
  },
  {
    number: 7,
    what: 'the archive is longer than the manifest says',
    code: 'OCI_SIZE_MISMATCH',
    says: /bytes|size/,
    on: ['pull', 'resolve', 'import'],
    play(stage, hostile) {
      const digest = layerOf(stage);
      const bytes = Buffer.concat([stage.content.blobs.get(digest)!, Buffer.alloc(1000)]);
      if (hostile) stage.content.blobs.set(digest, bytes);
    },
  },
  {
    number: 7,
    what: 'the config blob is another one',
    code: 'OCI_DIGEST_MISMATCH',
    says: /sha256:/,
    play(stage, hostile) {
      const { digest } = JSON.parse(stage.manifestText).config;
      const text = stage.configText;
      if (hostile) stage.content.blobs.set(digest, Buffer.from(text.replace('install', 'instalk')));
    },
  },
  {
    number: 8,
    what: 'the digest header is that of something else',
    code: { verify: 'OCI_CONTENT_MISSING', pull: 'OCI_CONTENT_MISSING', import: 'OCI_DIGEST_MISMATCH' },
    says: /sha256:/,
    on: ['verify', 'pull', 'import'],
    play(stage, hostile) {
      if (!hostile) return;
      stage.registry.fault({
        path: MANIFEST,
        times: 99,
        does: {
          change: ({ headers }) => {
            headers['docker-content-digest'] = hash(Buffer.from('something else'));
          },
        },
      });
    },
  },
  {
    number: 9,
    what: 'another manifest comes than the digest asks for',
    code: 'OCI_DIGEST_MISMATCH',
    says: /sha256:/,
    on: ['verify', 'pull'],
    play(stage, hostile) {
      const { digest } = stage;
      stage.reference = `${REPOSITORY}@${digest}`;
      const bytes = Buffer.from(stage.manifestText.replace('{', '{"x":1,'));
      if (!hostile) return;
      stage.registry.fault({
        path: new RegExp(`manifests/${digest}$`),
        times: 99,
        does: {
          answer: {
            status: 200,
            headers: { 'content-type': MEDIA.ociManifest, 'docker-content-digest': hash(bytes) },
            body: bytes,
          },
        },
      });
    },
  },
  {
    number: 10,
    what: 'a manifest that is an index at once, signed by the trusted key',
    code: 'SCHEMAS_WIRE_INVALID',
    says: /manifests|index/,
    play: (stage, hostile) =>
      stage.publish({ raw: (text) => (hostile ? text.replace('{', '{"manifests":[],') : text) }),
  },
  {
    number: 11,
    what: 'a member twice in the manifest, signed by the trusted key',
    code: 'manifest-malformed',
    says: /schemaVersion/,
    play: (stage, hostile) =>
      stage.publish({ raw: (text) => (hostile ? text.replace('{', '{"schemaVersion":2,') : text) }),
  },
  ...digestForms.map(
    ([what, form]): Attack => ({
      number: 12,
      what: `the signed digest is given as ${what}`,
      code: 'subject-digest-form',
      says: /sha256/,
      async play(stage, hostile) {
        const hex = stage.digest.slice(7);
        stage.setBundle(
          await stage.signed(stage.statement({ digest: hostile ? form(hex) : { sha256: hex } })),
        );
      },
    }),
  ),
  ...['SHA256:', 'md5:', 'sha256:AB'].map(
    (prefix): Attack => ({
      number: 12,
      what: `a layer's digest begins with "${prefix}"`,
      code: 'SCHEMAS_WIRE_INVALID',
      says: /digest/,
      play: (stage, hostile) =>
        stage.publish({
          manifest: (manifest) => {
            const layer = manifest.layers[0]!;
            if (hostile)
              manifest.layers[0] = {
                ...layer,
                digest: layer.digest.replace(/^sha256:(..)/, `${prefix}`) as typeof layer.digest,
              };
          },
        }),
    }),
  ),
  {
    number: 16,
    what: 'the registry sends a byte now and then, without end',
    code: 'OCI_REMOTE_TOO_SLOW',
    says: /127\.0\.0\.1/,
    on: ['verify', 'pull'],
    play(stage, hostile) {
      stage.timeoutMs = 300;
      if (hostile)
        stage.registry.fault({ path: MANIFEST, method: 'GET', times: 99, does: { dripEveryMs: 100 } });
    },
  },
  {
    number: 17,
    what: 'a compressed answer that would grow when unpacked',
    code: 'OCI_REMOTE_ANSWER_INVALID',
    says: /Content-Encoding/,
    on: ['verify', 'pull'],
    play(stage, hostile) {
      if (!hostile) return;
      stage.registry.fault({
        path: MANIFEST,
        method: 'GET',
        times: 99,
        does: {
          change: (planned) => {
            planned.headers['content-encoding'] = 'gzip';
            planned.body = gzipSync(planned.body);
            delete planned.headers['content-length'];
          },
        },
      });
    },
  },
  {
    number: 18,
    what: 'the list of referrers goes on at itself',
    code: 'OCI_REMOTE_ANSWER_INVALID',
    says: /in a circle/,
    on: ['verify', 'pull'],
    play(stage, hostile) {
      if (!hostile) return;
      stage.registry.fault({
        path: /\/referrers\//,
        times: 9999,
        does: {
          change: ({ headers }, { url }) => {
            headers['link'] = `<${url}>; rel="next"`;
          },
        },
      });
    },
  },
  {
    number: 18,
    what: 'the list of referrers goes on at another host',
    code: 'OCI_REMOTE_ANSWER_INVALID',
    says: /leads elsewhere/,
    on: ['verify', 'pull'],
    play(stage, hostile) {
      if (!hostile) return;
      stage.registry.fault({
        path: /\/referrers\//,
        times: 9999,
        does: {
          change: ({ headers }, { url }) => {
            headers['link'] = `<${stage.evil.origin}${url}>; rel="next"`;
          },
        },
      });
    },
  },
];
