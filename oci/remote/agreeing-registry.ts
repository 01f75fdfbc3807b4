import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { assertWithin, digestOf, isDigest, LIMITS } from '#base';
import { MEDIA } from '#schemas';
import { hostOf, type Target } from './http/target.js';
import type { Answer, Exchange, Transport } from './http/transport.js';

interface Manifest {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly digest: string;
}

/** What the registry would hold after the writes so far. */
export class AgreeingRegistry {
  readonly #manifests = new Map<string, Manifest | 'deleted'>();
  /** By repository and digest. The bytes are read when somebody asks for them. */
  readonly #blobs = new Map<string, { readonly size: number; readonly body?: Exchange['body'] }>();
  readonly #uploads = new Map<string, number>();
  /** Registries without the referrers API leave the list to the client; undefined until one was asked. */
  #referrersApi: boolean | undefined;

  /** Lists of the registry, with what was written and deleted since. */
  async amend({ method, target }: Exchange, answer: Answer): Promise<Answer> {
    const [, repository, list, subject] =
      /^\/v2\/(.+)\/(tags\/list|referrers)(?:\/([^?]+))?(?:\?|$)/.exec(target.path) ?? [];
    if (method !== 'GET' || repository === undefined || answer.status === 401) return answer;
    if (list === 'referrers') this.#referrersApi = answer.status === 200;
    const last = answer.headers.link === undefined;
    if (answer.status !== 200) return answer;
    if (list === 'referrers') {
      const added = last ? this.#referrersOf(repository, decodeURIComponent(subject ?? '')) : [];
      return added.length === 0 ? answer : rewritten(answer, 'manifests', (listed) => [...listed, ...added]);
    }
    const tags = this.#writtenTo(repository).filter(([reference]) => !isDigest(reference));
    if (tags.length === 0) return answer;
    const changed = new Map(tags);
    const added = last ? tags.flatMap(([tag, found]) => (found === 'deleted' ? [] : [tag])) : [];
    return rewritten(answer, 'tags', (listed) => [
      ...listed.filter((tag) => !changed.has(String(tag))),
      ...added,
    ]);
  }

  /** Undefined for what the registry itself has to answer. */
  async answer(exchange: Exchange, real: Transport): Promise<Answer | undefined> {
    const { method, target } = exchange;
    const url = new URL(target.path, 'http://registry');
    const [, repository, what, rest] =
      /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|referrers)\/(.*)$/.exec(url.pathname) ?? [];
    if (repository === undefined || rest === undefined) return undefined;
    const reads = method === 'GET' || method === 'HEAD';
    if (what === 'manifests') {
      const key = `${repository}:${decodeURIComponent(rest)}`;
      if (reads) return this.#readManifest(key, target, method);
      if (method !== 'PUT') return this.#delete(key, target);
      return this.#putManifest(repository, exchange, { url, real });
    }
    if (what === 'referrers') return this.#referrers(repository, decodeURIComponent(rest), target);
    if (what === 'blobs')
      return reads ? this.#readBlob(`${repository}@${rest}`, exchange) : empty(target, 202);
    return this.#upload(exchange, { repository, id: rest, url });
  }

  async #readBlob(key: string, { method, target }: Exchange): Promise<Answer | undefined> {
    const blob = this.#blobs.get(key);
    if (blob === undefined || (method === 'GET' && blob.body === undefined)) return undefined;
    const headers = { 'content-length': String(blob.size), 'content-type': MEDIA.octetStream };
    return answerOf(target, 200, headers, method === 'HEAD' ? undefined : await collectBody(blob.body));
  }

  /** Of what was written here; what the registry has had before, it says itself. */
  #referrers(repository: string, subject: string, target: Target): Answer | undefined {
    if (this.#referrersApi === undefined || !this.#manifests.has(`${repository}:${subject}`))
      return undefined;
    if (!this.#referrersApi) return empty(target, 404);
    const manifests = this.#referrersOf(repository, subject);
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests }));
    return answerOf(target, 200, { 'content-type': MEDIA.ociIndex }, index);
  }

  #referrersOf(repository: string, subject: string): readonly unknown[] {
    return this.#writtenTo(repository).flatMap(([reference, found]) => {
      if (!isDigest(reference) || found === 'deleted' || subjectOf(found.bytes) !== subject) return [];
      const { bytes, type, digest } = found;
      const { artifactType, annotations } = JSON.parse(Buffer.from(bytes).toString());
      return [{ mediaType: type, digest, size: bytes.byteLength, artifactType, annotations }];
    });
  }

  /** By tag and by digest. */
  #writtenTo(repository: string): readonly (readonly [string, Manifest | 'deleted'])[] {
    const before = `${repository}:`;
    return [...this.#manifests].flatMap(([key, found]) =>
      key.startsWith(before) ? [[key.slice(before.length), found] as const] : [],
    );
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

  async #putManifest(
    repository: string,
    exchange: Exchange,
    { url, real }: { readonly url: URL; readonly real: Transport },
  ): Promise<Answer> {
    const { target, body, headers } = exchange;
    const bytes = await collectBody(body);
    const reference = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
    const digest = isDigest(reference) ? reference : digestOf(bytes);
    const manifest: Manifest = { bytes, digest, type: headers['content-type'] ?? MEDIA.ociManifest };
    const subject = subjectOf(bytes);
    const asked = url.searchParams.getAll('tag');
    if (subject !== undefined || asked.length > 0) await this.#learnReferrers(repository, exchange, real);
    // Younger than the referrers API: whoever lacks that has not got this.
    const tags = this.#referrersApi ? asked : [];
    for (const each of [reference, digest, ...tags]) this.#manifests.set(`${repository}:${each}`, manifest);
    return empty(target, 201, {
      'docker-content-digest': digest,
      ...(subject !== undefined && this.#referrersApi ? { 'oci-subject': subject } : {}),
      ...(tags.length === 0 ? {} : { 'oci-tag': tags.join(', ') }),
    });
  }

  /** What only the answer to a write tells is asked for beforehand: a question that the real run does not ask. */
  async #learnReferrers(
    repository: string,
    { target, headers, answerMs, own, signal }: Exchange,
    real: Transport,
  ): Promise<void> {
    if (this.#referrersApi !== undefined) return;
    const { 'content-type': _, ...others } = headers;
    const path = `/v2/${repository}/referrers/${digestOf(new Uint8Array())}`;
    const exchange = { method: 'GET', target: { ...target, path }, headers: others, answerMs, own, signal };
    const answer = await real.send(exchange);
    answer.body.destroy();
    if (answer.status !== 401) this.#referrersApi = answer.status === 200;
  }

  #delete(key: string, target: Target): Answer {
    this.#manifests.set(key, 'deleted');
    return empty(target, 202);
  }

  #upload(
    { method, target, body }: Exchange,
    { repository, id, url }: { readonly repository: string; readonly id: string; readonly url: URL },
  ): Answer {
    const location = (session: string) => ({ location: `/v2/${repository}/blobs/uploads/${session}` });
    const digest = url.searchParams.get('digest');
    const [mounted, from] = ['mount', 'from'].map((name) => url.searchParams.get(name));
    if (method === 'POST' && mounted && from) {
      this.#blobs.set(`${repository}@${mounted}`, this.#blobs.get(`${from}@${mounted}`) ?? { size: 0 });
      return empty(target, 201, { 'docker-content-digest': mounted });
    }
    const size = (this.#uploads.get(id) ?? 0) + (body?.size ?? 0);
    if (method === 'PUT' || (method === 'POST' && digest !== null)) {
      const whole = body !== undefined && body.size === size && size <= LIMITS.manifestBytes;
      if (digest !== null) this.#blobs.set(`${repository}@${digest}`, { size, ...(whole ? { body } : {}) });
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

/** The answer with another list in its JSON body; as it is when there is no such list. */
async function rewritten(
  answer: Answer,
  member: 'manifests' | 'tags',
  change: (listed: readonly unknown[]) => readonly unknown[],
): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    assertWithin(size, LIMITS.manifestBytes, `the ${member} of ${hostOf(answer.target)}`);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const { 'content-length': _, 'transfer-encoding': __, ...headers } = answer.headers;
  const body = jsonOf(bytes);
  const listed = body?.[member] ?? [];
  if (body === undefined || !Array.isArray(listed))
    return answerOf(answer.target, answer.status, headers, bytes);
  const text = JSON.stringify({ ...body, [member]: change(listed) });
  return answerOf(answer.target, answer.status, headers, Buffer.from(text));
}

function jsonOf(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
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
