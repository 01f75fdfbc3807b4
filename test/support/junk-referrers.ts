import { createHash } from 'node:crypto';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 };

export interface Subject {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface Junk {
  readonly manifest: Buffer;
  readonly digest: string;
  /** What its list entry says. */
  readonly entry: Record<string, unknown>;
  readonly blobs: readonly Buffer[];
}

export interface JunkOptions {
  /** Bytes of the bundle. Default: a few that are no bundle. */
  readonly bundle?: Buffer;
  readonly artifactType?: string | undefined;
  readonly layerType?: string;
  readonly subject?: Subject | undefined;
  /** What the manifest says of the layer's size. */
  readonly size?: number;
}

/** A referrer that somebody who may push attached, unlike any other: a bundle by its type, and none in truth. */
export function junkReferrer(subject: Subject, nth: number, options: JunkOptions = {}): Junk {
  const { bundle = Buffer.from(`{"junk":${nth}}`), layerType = BUNDLE } = options;
  const artifactType = 'artifactType' in options ? options.artifactType : BUNDLE;
  const document = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: EMPTY,
    layers: [{ mediaType: layerType, digest: digestOf(bundle), size: options.size ?? bundle.byteLength }],
    subject: 'subject' in options ? options.subject : subject,
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
      nth: String(nth),
    },
  };
  const manifest = Buffer.from(JSON.stringify(document));
  const digest = digestOf(manifest);
  const entry = { mediaType: MANIFEST, digest, size: manifest.byteLength, artifactType };
  return { manifest, digest, entry, blobs: [Buffer.from('{}'), bundle] };
}

/** Puts them on a registry by its plain protocol; without the referrers API, under the tag that stands for it. */
export async function putJunk(
  host: string,
  repository: string,
  { subject, junk }: { readonly subject: Subject; readonly junk: readonly Junk[] },
): Promise<void> {
  const base = `http://${host}/v2/${repository}`;
  for (const { manifest, digest, blobs } of junk) {
    for (const blob of blobs) await putBlob(base, blob);
    await put(`${base}/manifests/${digest}`, manifest, MANIFEST);
  }
  if ((await fetch(`${base}/referrers/${subject.digest}`)).status === 200) return;
  const index = 'application/vnd.oci.image.index.v1+json';
  const tag = `${base}/manifests/${subject.digest.replace(':', '-')}`;
  const before = await fetch(tag, { headers: { accept: index } });
  const known = before.ok ? ((await before.json()) as { manifests: unknown[] }).manifests : [];
  const manifests = [...junk.map(({ entry }) => entry), ...known];
  await put(tag, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: index, manifests })), index);
}

async function putBlob(base: string, bytes: Buffer): Promise<void> {
  const started = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
  const to = new URL(started.headers.get('location')!, base);
  to.searchParams.set('digest', digestOf(bytes));
  await put(to.href, bytes, 'application/octet-stream');
}

async function put(url: string, body: Buffer, type: string): Promise<void> {
  const answer = await fetch(url, { method: 'PUT', body, headers: { 'content-type': type } });
  if (!answer.ok) throw new Error(`PUT ${url}: ${answer.status} ${await answer.text()}`);
}

function digestOf(bytes: Buffer | string): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
