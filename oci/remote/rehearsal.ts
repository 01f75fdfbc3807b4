import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { assertWithin, digestOf, isDigest, LIMITS } from '#base';
import { MEDIA } from '#schemas';
import { shownPath, type Target } from './http/target.js';
import type { Answer, Exchange, Transport } from './http/transport.js';

/** A request that a dry run made or would make, in order. */
export interface RehearsedRequest {
  readonly method: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Bytes of the body. */
  readonly bytes: number;
  /** False for what only the real run sends. */
  readonly sent: boolean;
}

/**
 * Lets a client do its real work without changing the registry: what reads is sent, what writes is answered as a
 * registry that agrees would, and later reads see it. So the list of requests is that of the real run, as far as
 * the registry does what it is asked (it may have a blob elsewhere and take it over).
 */
export class Rehearsal {
  readonly requests: RehearsedRequest[] = [];
  /** By origin: what one client wrote, another one reads. */
  readonly #registries = new Map<string, AgreeingRegistry>();

  /** @internal */
  wrap(real: Transport): Transport {
    return {
      send: async (exchange) => {
        const registry = this.#registryAt(exchange.target);
        const planned = await registry.answer(exchange);
        const { method, target, body } = exchange;
        this.requests.push({
          method,
          host: `${target.hostname}:${target.port}`,
          path: shownPath(target),
          bytes: body?.size ?? 0,
          sent: planned === undefined,
        });
        if (planned !== undefined) return planned;
        const answer = await real.send(exchange);
        registry.observe(exchange, answer);
        return answer;
      },
      close: () => real.close(),
    };
  }

  #registryAt({ protocol, hostname, port }: Target): AgreeingRegistry {
    const origin = `${protocol}//${hostname}:${port}`;
    const known = this.#registries.get(origin) ?? new AgreeingRegistry();
    this.#registries.set(origin, known);
    return known;
  }
}

interface Manifest {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly digest: string;
}

/** What the registry would hold after the writes so far. */
class AgreeingRegistry {
  readonly #manifests = new Map<string, Manifest | 'deleted'>();
  readonly #blobs = new Map<string, { readonly size: number; readonly bytes?: Uint8Array }>();
  readonly #uploads = new Map<string, number>();
  /** Registries without the referrers API leave the list to the client; undefined until one was asked. */
  #referrersApi: boolean | undefined;

  observe({ method, target }: Exchange, { status }: Answer): void {
    if (method === 'GET' && /\/referrers\//.test(target.path) && status !== 401)
      this.#referrersApi = status === 200;
  }

  /** Undefined for what the registry itself has to answer. */
  async answer(exchange: Exchange): Promise<Answer | undefined> {
    const { method, target } = exchange;
    const url = new URL(target.path, 'http://registry');
    const [, repository, what, rest] =
      /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|referrers)\/(.*)$/.exec(url.pathname) ?? [];
    if (repository === undefined || rest === undefined) return undefined;
    const reads = method === 'GET' || method === 'HEAD';
    if (what === 'manifests') {
      const key = `${repository}:${decodeURIComponent(rest)}`;
      if (reads) return this.#readManifest(key, target, method);
      return method === 'PUT' ? this.#putManifest(repository, exchange, url) : this.#delete(key, target);
    }
    if (what === 'referrers') return this.#referrers(repository, decodeURIComponent(rest), target);
    if (what === 'blobs') return reads ? this.#readBlob(rest, exchange) : empty(target, 202);
    return await this.#upload(exchange, { repository, id: rest, url });
  }

  #readBlob(digest: string, { method, target }: Exchange): Answer | undefined {
    const blob = this.#blobs.get(digest);
    if (blob === undefined || (method === 'GET' && blob.bytes === undefined)) return undefined;
    const headers = { 'content-length': String(blob.size), 'content-type': MEDIA.octetStream };
    return answerOf(target, 200, headers, method === 'HEAD' ? undefined : blob.bytes);
  }

  /** Of what was written here; what the registry has had before, it says itself. */
  #referrers(repository: string, subject: string, target: Target): Answer | undefined {
    if (this.#referrersApi === undefined || !this.#manifests.has(`${repository}:${subject}`))
      return undefined;
    if (!this.#referrersApi) return empty(target, 404);
    const manifests = [...this.#manifests]
      .filter(([key]) => key.startsWith(`${repository}:sha`))
      .flatMap(([, found]) => (found === 'deleted' || subjectOf(found.bytes) !== subject ? [] : [found]))
      .map(({ bytes, type, digest }) => ({
        ...JSON.parse(Buffer.from(bytes).toString()),
        bytes,
        type,
        digest,
      }))
      .map(({ bytes, type, digest, artifactType, annotations }) => {
        return { mediaType: type, digest, size: bytes.byteLength, artifactType, annotations };
      });
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests }));
    return answerOf(target, 200, { 'content-type': MEDIA.ociIndex }, index);
  }

  #readManifest(key: string, target: Target, method: string): Answer | undefined {
    const found = this.#manifests.get(key);
    if (found === undefined) return undefined;
    if (found === 'deleted') return empty(target, 404);
    const headers = {
      'content-type': found.type,
      'docker-content-digest': found.digest,
      'content-length': String(found.bytes.byteLength),
      etag: `"${found.digest}"`,
    };
    return answerOf(target, 200, headers, method === 'HEAD' ? undefined : found.bytes);
  }

  async #putManifest(repository: string, { target, body, headers }: Exchange, url: URL): Promise<Answer> {
    const bytes = await collectBody(body);
    const reference = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
    const digest = isDigest(reference) ? reference : digestOf(bytes);
    const manifest: Manifest = { bytes, digest, type: headers['content-type'] ?? MEDIA.ociManifest };
    for (const each of [reference, digest, ...url.searchParams.getAll('tag')])
      this.#manifests.set(`${repository}:${each}`, manifest);
    const subject = subjectOf(bytes);
    const tags = url.searchParams.getAll('tag');
    return empty(target, 201, {
      'docker-content-digest': digest,
      ...(subject !== undefined && this.#referrersApi !== false ? { 'oci-subject': subject } : {}),
      ...(tags.length === 0 ? {} : { 'oci-tag': tags.join(', ') }),
    });
  }

  #delete(key: string, target: Target): Answer {
    this.#manifests.set(key, 'deleted');
    return empty(target, 202);
  }

  async #upload(
    { method, target, body }: Exchange,
    { repository, id, url }: { readonly repository: string; readonly id: string; readonly url: URL },
  ): Promise<Answer> {
    const location = (session: string) => ({ location: `/v2/${repository}/blobs/uploads/${session}` });
    const digest = url.searchParams.get('digest');
    const size = (this.#uploads.get(id) ?? 0) + (body?.size ?? 0);
    if (method === 'PUT' || (method === 'POST' && digest !== null)) {
      const whole = body !== undefined && body.size === size && size <= LIMITS.manifestBytes;
      if (digest !== null)
        this.#blobs.set(digest, { size, ...(whole ? { bytes: await collectBody(body) } : {}) });
      return empty(target, 201, digest === null ? {} : { 'docker-content-digest': digest });
    }
    if (method === 'POST') {
      const session = `rehearsed-${this.#uploads.size + 1}`;
      this.#uploads.set(session, 0);
      return empty(target, 202, { ...location(session), range: '0-0' });
    }
    if (method === 'DELETE') return empty(target, 204);
    if (method === 'PATCH') this.#uploads.set(id, size);
    const status = method === 'PATCH' ? 202 : 204;
    return empty(target, status, { ...location(id), range: `0-${Math.max(0, size - 1)}` });
  }
}

async function collectBody(body: Exchange['body']): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array();
  assertWithin(body.size, LIMITS.manifestBytes, `the manifest ${body.digest}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.source()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function subjectOf(bytes: Uint8Array): string | undefined {
  const { subject } = JSON.parse(Buffer.from(bytes).toString()) as { subject?: { digest?: string } };
  return subject?.digest;
}

function empty(target: Target, status: number, headers: IncomingHttpHeaders = {}): Answer {
  return answerOf(target, status, headers, undefined);
}

function answerOf(
  target: Target,
  status: number,
  headers: IncomingHttpHeaders,
  bytes: Uint8Array | undefined,
): Answer {
  return { status, headers, target, body: Readable.from(bytes === undefined ? [] : [bytes]) };
}
