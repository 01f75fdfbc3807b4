import assert from 'node:assert/strict';
import { get } from 'node:http';

const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
].join(', ');

export interface ManifestDocument {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: { readonly mediaType: string; readonly digest: string };
  readonly layers?: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly artifactType?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
  readonly subject?: { readonly digest: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A request to a registry's plain protocol, past every client. */
export function request(host: string, path: string): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = get(`http://${host}${path}`, { headers: { accept: MANIFESTS } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    sent.on('error', reject);
  });
}

export async function manifestBytes(host: string, repository: string, reference: string): Promise<Buffer> {
  const { status, body } = await request(host, `/v2/${repository}/manifests/${reference}`);
  assert.equal(status, 200, `${repository}:${reference}: ${body}`);
  return body;
}

export async function manifest(
  host: string,
  repository: string,
  reference: string,
): Promise<ManifestDocument> {
  return JSON.parse((await manifestBytes(host, repository, reference)).toString());
}

export async function tags(host: string, repository: string): Promise<string[]> {
  const { body } = await request(host, `/v2/${repository}/tags/list`);
  return (JSON.parse(body.toString()).tags as string[]).sort();
}
