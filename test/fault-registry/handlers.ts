import type { Planned, Seen } from './fault.js';
import { hash, type Model, type Upload } from './model.js';

export interface Behaviour {
  /** Answers `/referrers/` and sets `OCI-Subject`. Default true. */
  referrersApi?: boolean;
  /** Entries of a page of tags or referrers. Default: all. */
  pageSize?: number;
  /** Obeys `If-Match` and `If-None-Match` on PUT of manifests and sends ETags. Default true. */
  conditional?: boolean;
  /** Writes an upload's `Location`. Default: relative. */
  location?: (path: string) => string;
  /** `Range` after PATCH stays at the first chunk, PATCH answers 201, status is unknown: as ECR does. */
  stickyRange?: boolean;
  /** PATCH answers 405. */
  noPatch?: boolean;
  /** What a mount does. Default 'yes'. */
  mount?: 'yes' | 'session' | 'denied';
  /** What a mount without `from` does. Default 'session': it opens an upload as any POST does. */
  anonymousMount?: 'session' | 'yes' | 'refused';
  /** Every answer about an upload gives a new Location, and only the newest works. */
  movingLocation?: boolean;
  /** Largest body of PATCH; a larger one is 413. */
  largestChunk?: number;
  /** Takes `PUT …/manifests/<digest>?tag=a&tag=b` and names the tags it set. Default false: it ignores the query. */
  manyTags?: boolean;
  minimumChunk?: number;
  deletes?: boolean;
}

const OCTETS = 'application/octet-stream';
const INDEX = 'application/vnd.oci.image.index.v1+json';

export function plan(status: number, headers: Planned['headers'] = {}, body: Buffer | string = ''): Planned {
  return { status, headers, body: Buffer.from(body as string) };
}

export function ociError(status: number, code: string, message = code.toLowerCase()): Planned {
  return plan(
    status,
    { 'content-type': 'application/json' },
    JSON.stringify({ errors: [{ code, message }] }),
  );
}

/** Does what a correct registry does for one request. */
export function handle(model: Model, behaviour: Behaviour, request: { seen: Seen; body: Buffer }): Planned {
  const { seen, body } = request;
  const url = new URL(seen.url, 'http://registry');
  if (url.pathname === '/v2/') return plan(200, { 'content-type': 'application/json' }, '{}');
  if (url.pathname === '/v2/_catalog')
    return list(url, behaviour, 'repositories', [...model.repositories.keys()]);
  const match = /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|referrers|tags)\/(.*)$/.exec(url.pathname);
  if (!match) return ociError(404, 'NAME_UNKNOWN');
  const [, name, what, rest] = match as unknown as [string, string, string, string];
  if (what === 'tags') return list(url, behaviour, 'tags', [...model.repository(name).tags.keys()]);
  if (what === 'referrers') return referrers(model, behaviour, { url, name, subject: rest });
  if (what === 'blobs') return blob(model, seen, { name, digest: rest });
  if (what === 'manifests') return manifest(model, behaviour, { seen, body, name, reference: rest, url });
  return upload(model, behaviour, { seen, body, name, id: rest, url });
}

function list(url: URL, { pageSize }: Behaviour, member: string, all: string[]): Planned {
  const last = url.searchParams.get('last') ?? '';
  const size = Math.min(pageSize ?? 10_000, Number(url.searchParams.get('n') ?? 10_000));
  const rest = all.sort().filter((each) => each > last);
  const page = rest.slice(0, size);
  const headers: Planned['headers'] = { 'content-type': 'application/json' };
  if (rest.length > page.length)
    headers['link'] = `<${url.pathname}?n=${size}&last=${page.at(-1)}>; rel="next"`;
  return plan(200, headers, JSON.stringify({ [member]: page.length === 0 ? null : page }));
}

function referrers(
  model: Model,
  behaviour: Behaviour,
  { url, name, subject }: { url: URL; name: string; subject: string },
): Planned {
  if (behaviour.referrersApi === false)
    return plan(404, { 'content-type': 'text/plain' }, '404 page not found');
  const from = Number(url.searchParams.get('from') ?? 0);
  const all = model.referrers(name, subject);
  const page = all.slice(from, from + (behaviour.pageSize ?? all.length));
  const headers: Planned['headers'] = { 'content-type': INDEX };
  const next = from + page.length;
  if (next < all.length) headers['link'] = `</v2/${name}/referrers/${subject}?from=${next}>; rel="next"`;
  return plan(200, headers, JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: page }));
}

function blob(model: Model, seen: Seen, { name, digest }: { name: string; digest: string }): Planned {
  const bytes = model.repository(name).blobs.get(digest);
  if (seen.method === 'DELETE') return plan(model.repository(name).blobs.delete(digest) ? 202 : 404);
  if (bytes === undefined) return ociError(404, 'BLOB_UNKNOWN');
  const headers = { 'content-type': OCTETS, 'docker-content-digest': digest };
  const range = /^bytes=(\d+)-$/.exec(seen.headers.range ?? '');
  if (!range) return plan(200, headers, bytes);
  const from = Number(range[1]);
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` },
    body: bytes.subarray(from),
  };
}

function manifest(
  model: Model,
  behaviour: Behaviour,
  {
    seen,
    body,
    name,
    reference,
    url,
  }: { seen: Seen; body: Buffer; name: string; reference: string; url: URL },
): Planned {
  const repository = model.repository(name);
  const found = model.find(name, reference);
  if (seen.method === 'DELETE') {
    if (behaviour.deletes === false) return ociError(405, 'UNSUPPORTED');
    const gone = reference.includes(':')
      ? deleteManifest(repository, reference)
      : repository.tags.delete(reference);
    return gone ? plan(202) : ociError(404, 'MANIFEST_UNKNOWN');
  }
  if (seen.method !== 'PUT') {
    if (!found) return ociError(404, 'MANIFEST_UNKNOWN');
    const headers: Planned['headers'] = {
      'content-type': found.manifest.type,
      'docker-content-digest': found.digest,
    };
    if (behaviour.conditional !== false) headers['etag'] = `"${found.digest}"`;
    return plan(200, headers, found.manifest.bytes);
  }
  if (behaviour.conditional !== false) {
    const match = seen.headers['if-match'];
    if (seen.headers['if-none-match'] === '*' && found) return ociError(412, 'TAG_EXISTS');
    if (match !== undefined && match !== `"${found?.digest}"`) return ociError(412, 'TAG_CHANGED');
  }
  const parsed = JSON.parse(body.toString('utf8'));
  for (const each of [parsed.config, ...(parsed.layers ?? [])]) {
    if (each !== undefined && !repository.blobs.has(each.digest))
      return ociError(400, 'MANIFEST_BLOB_UNKNOWN', each.digest);
  }
  const tag = reference.includes(':') ? {} : { tag: reference };
  const digest = model.putManifest(name, { type: seen.headers['content-type'] ?? '', bytes: body, ...tag });
  const headers: Planned['headers'] = {
    location: `/v2/${name}/manifests/${digest}`,
    'docker-content-digest': digest,
  };
  if (behaviour.manyTags && url.searchParams.has('tag')) {
    for (const each of url.searchParams.getAll('tag')) repository.tags.set(each, digest);
    headers['oci-tag'] = url.searchParams.getAll('tag').join(', ');
  }
  if (parsed.subject && behaviour.referrersApi !== false) headers['oci-subject'] = parsed.subject.digest;
  return plan(201, headers);
}

/** With every tag that leads to it. */
function deleteManifest({ manifests, tags }: ReturnType<Model['repository']>, digest: string): boolean {
  for (const [tag, target] of tags) if (target === digest) tags.delete(tag);
  return manifests.delete(digest);
}

function mountSource(
  model: Model,
  behaviour: Behaviour,
  { mount, from }: { mount: string; from: string | null },
): Buffer | undefined {
  if (from !== null) return model.repositories.get(from)?.blobs.get(mount);
  if (behaviour.anonymousMount !== 'yes') return undefined;
  return [...model.repositories.values()].map(({ blobs }) => blobs.get(mount)).find((each) => each);
}

function upload(
  model: Model,
  behaviour: Behaviour,
  { seen, body, name, id, url }: { seen: Seen; body: Buffer; name: string; id: string; url: URL },
): Planned {
  const at = (one: Upload) => {
    if (behaviour.movingLocation) one.step += 1;
    const query = behaviour.movingLocation ? `?step=${one.step}` : '';
    return (behaviour.location ?? ((path: string) => path))(`/v2/${name}/blobs/uploads/${one.id}${query}`);
  };
  if (seen.method === 'POST') {
    const mount = url.searchParams.get('mount');
    const from = url.searchParams.get('from');
    if (mount !== null && from === null && behaviour.anonymousMount === 'refused')
      return ociError(400, 'UNSUPPORTED');
    const source = mount === null ? undefined : mountSource(model, behaviour, { mount, from });
    if (from !== null && behaviour.mount === 'denied') return ociError(403, 'DENIED');
    if (source && (from === null || behaviour.mount !== 'session')) {
      model.putBlob(name, source);
      return plan(201, { location: `/v2/${name}/blobs/${mount}`, 'docker-content-digest': mount! });
    }
    const one = model.startUpload(name);
    const headers: Planned['headers'] = { location: at(one), range: '0-0' };
    if (behaviour.minimumChunk !== undefined)
      headers['oci-chunk-min-length'] = String(behaviour.minimumChunk);
    return plan(202, headers);
  }
  const one = model.uploads.get(id);
  if (one === undefined) return ociError(404, 'BLOB_UPLOAD_UNKNOWN');
  if (behaviour.movingLocation && Number(url.searchParams.get('step') ?? 0) !== one.step)
    return ociError(404, 'BLOB_UPLOAD_UNKNOWN', 'this address is an old one');
  const range = () => `0-${Math.max(0, one.bytes.length - 1)}`;
  if (seen.method === 'DELETE') return plan(model.uploads.delete(id) ? 204 : 404);
  if (seen.method === 'GET') {
    if (behaviour.stickyRange) return ociError(404, 'BLOB_UPLOAD_UNKNOWN');
    return plan(204, { location: at(one), range: range() });
  }
  if (seen.method === 'PATCH') {
    if (behaviour.noPatch) return ociError(405, 'UNSUPPORTED');
    if (body.length > (behaviour.largestChunk ?? body.length)) return ociError(413, 'SIZE_INVALID');
    const start = Number(/^(\d+)-/.exec(String(seen.headers['content-range'] ?? '0-'))?.[1]);
    if (start !== one.bytes.length) return plan(416, { location: at(one), range: range() });
    const first = one.bytes.length === 0 ? body.length : undefined;
    one.bytes = Buffer.concat([one.bytes, body]);
    if (!behaviour.stickyRange) return plan(202, { location: at(one), range: range() });
    sticky.set(id, sticky.get(id) ?? first ?? 0);
    return plan(201, { location: at(one), range: `0-${sticky.get(id)! - 1}` });
  }
  const digest = url.searchParams.get('digest') ?? '';
  const bytes = Buffer.concat([one.bytes, body]);
  model.uploads.delete(id);
  if (hash(bytes, digest.split(':')[0]) !== digest) return ociError(400, 'DIGEST_INVALID');
  model.repository(name).blobs.set(digest, bytes);
  return plan(201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest });
}

const sticky = new Map<string, number>();
