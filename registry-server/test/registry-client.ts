import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { type Digest, digestOf } from '#base';
import { MEDIA } from '#schemas';

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The OCI code of an error, and ours in its detail. */
  readonly code: string | undefined;
  readonly ours: string | undefined;
  json<T>(): T;
}

export interface Call {
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
}

/** A bare HTTP client for tests: what is sent is exactly what the test says. */
export interface RegistryClient {
  readonly url: string;
  call(method: string, path: string, call?: Call): Promise<Answer>;
  pushBlob(repository: string, bytes: Uint8Array | string): Promise<Digest>;
  pushManifest(
    repository: string,
    reference: string,
    manifest: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  close(): void;
}

export function createRegistryClient(url: string): RegistryClient {
  const agent = new Agent({ keepAlive: true });
  const call = (method: string, path: string, { headers = {}, body }: Call = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const target = new URL(url);
      const options = {
        agent,
        method,
        host: target.hostname,
        port: target.port,
        path,
        headers: { ...length, ...headers },
      };
      const outgoing = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve(answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks))),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return {
    url,
    call,
    async pushBlob(repository, bytes) {
      const digest = digestOf(bytes);
      const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
      const { status } = await call('POST', path, {
        body: bytes,
        headers: { 'content-type': MEDIA.octetStream },
      });
      if (status !== 201) throw new Error(`pushing a blob answered ${status}`);
      return digest;
    },
    pushManifest(repository, reference, manifest, headers = {}) {
      const body = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
      const type = (JSON.parse(body) as { mediaType?: string }).mediaType ?? MEDIA.ociManifest;
      return call('PUT', `/v2/${repository}/manifests/${reference}`, {
        body,
        headers: { 'content-type': type, ...headers },
      });
    },
    close: () => agent.destroy(),
  };
}

function answerOf(status: number, headers: IncomingHttpHeaders, body: Buffer): Answer {
  let error: { code?: string; detail?: { code?: string } } | undefined;
  if (status >= 400 && headers['content-type'] === 'application/json' && body.byteLength > 0) {
    const parsed = JSON.parse(body.toString()) as { errors?: [typeof error]; error?: { code: string } };
    error = parsed.errors?.[0] ?? { detail: parsed.error ?? {} };
  }
  const json = <T>() => JSON.parse(body.toString()) as T;
  return { status, headers, body, code: error?.code, ours: error?.detail?.code, json };
}
