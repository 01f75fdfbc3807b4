import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Digester, digestOf } from '#base';
import { MEDIA } from '#schemas';
import { type FaultRegistry, startFaultRegistry } from '../../../test/fault-registry/index.js';
import { givenCredentials } from '../credentials/credential-source.js';
import { clientOf, emptyConfig, manifestOf, randomBlob, readAll } from '../test-support.js';
import { MirrorHealth, type MirrorOutage } from './mirror-health.js';
import { mirroredRepository } from './mirrored-repository.js';

const FAST = { retry: { attempts: 1, baseDelayMs: 1, maxDelayMs: 5 } };

/** What no mirror may hide. */
const STATUS = 'application/x.status';

interface Site {
  readonly upstream: FaultRegistry;
  readonly mirrors: readonly FaultRegistry[];
  readonly spool: string;
  readonly health: MirrorHealth;
  readonly served: string[];
  readonly repository: ReturnType<typeof mirroredRepository>;
}

/** An upstream `ns/app` and mirrors that hold it as `cache/app`. */
async function site(
  t: TestContext,
  {
    count = 1,
    tags = false,
    dead = [],
    health = new MirrorHealth(),
  }: { count?: number; tags?: boolean; dead?: readonly string[]; health?: MirrorHealth } = {},
): Promise<Site> {
  const start = async () => {
    const server = await startFaultRegistry();
    t.after(() => server.close());
    return server;
  };
  const upstream = await start();
  const mirrors = await Promise.all(Array.from({ length: count }, start));
  const spool = mkdtempSync(join(tmpdir(), 'prov-spool-'));
  t.after(() => rmSync(spool, { recursive: true, force: true }));
  const served: string[] = [];
  const hosts = [...dead, ...mirrors.map(({ host }) => host)];
  const repository = mirroredRepository({
    upstream: clientOf(t, upstream.host, {
      credentials: givenCredentials({ username: 'anna', password: 'upstream-secret' }, 'test'),
    }).repository('ns/app'),
    mirrors: hosts.map((host) => ({
      host,
      tags,
      repository: clientOf(t, host, { ...FAST, mirrorOf: upstream.host }).repository('cache/app'),
    })),
    health,
    spoolDirectory: spool,
    onServed: (host) => served.push(host),
    upstreamFirst: [STATUS],
  });
  return { upstream, mirrors, spool, health, served, repository };
}

const hostNames = ({ upstream, mirrors }: Site) =>
  new Map([[upstream.host, 'upstream'], ...mirrors.map(({ host }, i) => [host, `m${i + 1}`] as const)]);
const names = (all: Site) => all.served.map((host) => hostNames(all).get(host));

test('content by digest comes from the first mirror that has it; the namespace is told to mirrors only', async (t) => {
  const all = await site(t, { count: 2 });
  const { upstream, mirrors, repository } = all;
  const { bytes, descriptor } = randomBlob(100_000);
  for (const [server, name] of [
    [upstream, 'ns/app'],
    [mirrors[1]!, 'cache/app'],
  ] as const)
    server.model.putBlob(name, bytes);
  assert.deepEqual(await readAll(await repository.fetch(descriptor)), bytes);
  assert.deepEqual(names(all), ['m2']);
  assert.equal(upstream.seen.length, 0);
  const query = `?ns=${encodeURIComponent(upstream.host)}`;
  assert.equal(mirrors[1]!.seen[0]!.url, `/v2/cache/app/blobs/${descriptor.digest}${query}`);
  const other = randomBlob(10);
  upstream.model.putBlob('ns/app', other.bytes);
  await readAll(await repository.fetch(other.descriptor));
  assert.deepEqual(names(all), ['m2', 'upstream']);
  assert.ok(upstream.seen.every(({ url }) => !url.includes('ns=')));
});

test('an answer of a mirror for another registry (OCI-Namespace) is none, for tags and for content', async (t) => {
  const all = await site(t, { count: 2, tags: true });
  const [ours, others] = [manifestOf({ note: 'ours' }), manifestOf({ note: 'of another registry' })];
  const type = MEDIA.ociManifest;
  const [first, second] = all.mirrors as [FaultRegistry, FaultRegistry];
  const says = (server: FaultRegistry, namespace: string) =>
    server.fault({
      times: 99,
      does: { change: ({ headers }) => Object.assign(headers, { 'oci-namespace': namespace }) },
    });
  first.model.putManifest('cache/app', { type, bytes: others.bytes, tag: '1.0.0' });
  second.model.putManifest('cache/app', { type, bytes: ours.bytes, tag: '1.0.0' });
  says(first, 'other.example');
  says(second, all.upstream.host.toUpperCase());
  assert.equal((await all.repository.resolve('1.0.0')).digest, ours.descriptor.digest);
  assert.deepEqual(names(all), ['m2']);
  assert.equal(first.seen.length, 1);
  // A registry of its own, which nobody asked for another, may say what it likes.
  says(all.upstream, 'other.example');
  const later = randomBlob(10);
  all.upstream.model.putBlob('ns/app', later.bytes);
  assert.deepEqual(await readAll(await all.repository.fetch(later.descriptor)), later.bytes);
});

for (const [what, does] of [
  ['a 404', { answer: { status: 404 } }],
  ['a 503', { answer: { status: 503 } }],
  ['a 500', { answer: { status: 500 } }],
  ['a 403', { answer: { status: 403 } }],
  [
    'a sign-in that is not ours',
    { answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } },
  ],
  ['a page in HTML', { answer: { status: 200, body: Buffer.from('<html>') } }],
  ['a cut in the middle', { cutAnswerAfter: 70_000 }],
  ['a stall in the middle', { stallAfter: 70_000 }],
  [
    'wrong bytes',
    {
      change: (planned: { body: Buffer }) => {
        planned.body = Buffer.from(planned.body).reverse();
      },
    },
  ],
  ['silence', { hang: true }],
] as const) {
  test(`${what} from a mirror moves on to the next, and nobody sees a wrong byte`, async (t) => {
    const all = await site(t, { count: 2 });
    const { bytes, descriptor } = randomBlob(200_000);
    for (const mirror of all.mirrors) mirror.model.putBlob('cache/app', bytes);
    all.upstream.model.putBlob('ns/app', bytes);
    all.mirrors[0]!.fault({ path: /\/blobs\//, does: does as never });
    assert.deepEqual(await readAll(await all.repository.fetch(descriptor)), bytes);
    assert.deepEqual(names(all), ['m2']);
  });
}

test('a large blob with a wrong end is fetched elsewhere, and no file is left', async (t) => {
  const all = await site(t);
  const { bytes, descriptor } = randomBlob(12 * 1024 * 1024);
  const wrong = Buffer.from(bytes);
  wrong[wrong.length - 1]! ^= 1;
  all.mirrors[0]!.model.repository('cache/app').blobs.set(descriptor.digest, wrong);
  all.upstream.model.putBlob('ns/app', bytes);
  assert.equal(digestOf(await readAll(await all.repository.fetch(descriptor))), descriptor.digest);
  assert.deepEqual(names(all), ['upstream']);
  assert.equal(all.health.usable(all.mirrors[0]!.host), false, 'a mirror with wrong content is left alone');
  all.mirrors[0]!.model.repository('cache/app').blobs.set(descriptor.digest, bytes);
  const again = await site(t);
  again.mirrors[0]!.model.putBlob('cache/app', bytes);
  const digester = new Digester().update(bytes.subarray(0, 1000));
  const tail = await readAll(await again.repository.fetch(descriptor, { resume: { digester } } as never));
  assert.deepEqual(tail, bytes.subarray(1000), 'a download goes on after the bytes at hand');
  assert.deepEqual([readdirSync(all.spool), readdirSync(again.spool)], [[], []]);
});

test('tags mean what the registry says, unless mirrors may say it', async (t) => {
  const [old, current] = [manifestOf({ note: 'old' }), manifestOf({ note: 'current' })];
  const type = MEDIA.ociManifest;
  for (const tags of [false, true]) {
    const all = await site(t, { tags });
    all.mirrors[0]!.model.putManifest('cache/app', { type, bytes: old.bytes, tag: '1.0.0' });
    all.upstream.model.putManifest('ns/app', { type, bytes: current.bytes, tag: '1.0.0' });
    all.upstream.model.putManifest('ns/app', { type, bytes: current.bytes, tag: '2.0.0' });
    const { digest } = await all.repository.resolve('1.0.0');
    assert.equal(digest, tags ? old.descriptor.digest : current.descriptor.digest);
    assert.deepEqual(await all.repository.list(), tags ? ['1.0.0'] : ['1.0.0', '2.0.0']);
    assert.equal((await all.repository.resolve('2.0.0')).digest, current.descriptor.digest);
    const byDigest = await all.repository.fetchManifest(old.descriptor.digest);
    assert.deepEqual(Buffer.from(byDigest.bytes), old.bytes);
  }
});

test('referrers that a mirror lost are asked of the registry', async (t) => {
  const all = await site(t, { tags: true });
  const subject = manifestOf();
  const referrer = manifestOf({ subject: subject.descriptor as never, artifactType: 'application/x.sbom' });
  const type = MEDIA.ociManifest;
  all.mirrors[0]!.model.putManifest('cache/app', { type, bytes: subject.bytes });
  for (const each of [subject, referrer])
    all.upstream.model.putManifest('ns/app', { type, bytes: each.bytes });
  assert.equal((await all.repository.referrers(subject.descriptor)).length, 1);
});

test('what a mirror must not hide is asked of the registry, and of mirrors only when that is gone', async (t) => {
  const all = await site(t, { tags: true });
  const subject = manifestOf();
  const status = (note: string) =>
    manifestOf({ subject: subject.descriptor as never, artifactType: STATUS, note });
  const [old, newer] = [status('old'), status('newer')];
  const sbom = manifestOf({ subject: subject.descriptor as never, artifactType: 'application/x.sbom' });
  const type = MEDIA.ociManifest;
  for (const each of [subject, old, newer])
    all.upstream.model.putManifest('ns/app', { type, bytes: each.bytes });
  for (const each of [subject, old, sbom])
    all.mirrors[0]!.model.putManifest('cache/app', { type, bytes: each.bytes });
  const digests = async (artifactType?: string) => {
    const found = await all.repository.referrers(subject.descriptor, artifactType);
    const inspected = await all.repository.inspectReferrers(subject.descriptor, artifactType);
    assert.deepEqual(found, inspected.descriptors);
    return found.map(({ digest }) => digest);
  };
  const both = [old, newer].map(({ descriptor }) => descriptor.digest).sort();
  assert.deepEqual(await digests(STATUS), both);
  assert.deepEqual(await digests(), both, 'statuses are among everything');
  assert.deepEqual(await digests('application/x.sbom'), [sbom.descriptor.digest]);
  await all.upstream.close();
  assert.deepEqual(await digests(STATUS), [old.descriptor.digest]);
  const other = manifestOf({ note: 'without any' });
  all.mirrors[0]!.model.putManifest('cache/app', { type, bytes: other.bytes });
  assert.deepEqual(await all.repository.referrers(other.descriptor, STATUS), []);
});

test('what a mirror says in a header about content is checked with the content', async (t) => {
  const all = await site(t, { count: 2 });
  const declared = manifestOf();
  // Without a mediaType of its own, only its members tell what it is.
  const text = declared.bytes.toString().replace(`"mediaType":"${MEDIA.ociManifest}",`, '');
  const undeclared = { bytes: Buffer.from(text), digest: digestOf(Buffer.from(text)) };
  const type = MEDIA.ociManifest;
  for (const { bytes } of [declared, undeclared])
    for (const mirror of all.mirrors) mirror.model.putManifest('cache/app', { type, bytes });
  const change = (planned: { headers: Record<string, unknown> }) => {
    planned.headers['content-type'] = MEDIA.ociIndex;
  };
  all.mirrors[0]!.fault({ path: /manifests/, times: 10, does: { change } });
  const { digest } = declared.descriptor;
  assert.deepEqual(await all.repository.resolve(digest), declared.descriptor);
  const { descriptor } = await all.repository.fetchManifest(undeclared.digest);
  assert.equal(descriptor.mediaType, type);
  assert.deepEqual(names(all), ['m2', 'm2']);
});

test('nothing is written to a mirror, and what decides about writing is asked of the registry', async (t) => {
  const all = await site(t, { tags: true });
  const { bytes, descriptor } = randomBlob(1000);
  all.mirrors[0]!.model.putBlob('cache/app', bytes);
  all.upstream.model.putBlob('ns/app', emptyConfig);
  assert.equal(await all.repository.exists(descriptor), false);
  await all.repository.push(descriptor, async function* () {
    yield bytes;
  });
  const manifest = manifestOf();
  await all.repository.pushManifest(manifest.bytes, MEDIA.ociManifest);
  await all.repository.tag(manifest.descriptor, '1.0.0');
  assert.equal(all.mirrors[0]!.seen.length, 0);
});

/** Takes connections and never answers. */
async function blackHole(t: TestContext): Promise<string> {
  const sockets: { destroy(): void }[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

test('a dead mirror costs at most 2 s once, not per blob, and the next process knows', async (t) => {
  const stored = new Map<string, MirrorOutage>();
  const store = {
    load: (host: string) => stored.get(host),
    save: (host: string, outage: MirrorOutage | undefined) =>
      void (outage === undefined ? stored.delete(host) : stored.set(host, outage)),
  };
  const hole = await blackHole(t);
  const all = await site(t, { dead: [hole], health: new MirrorHealth(store) });
  const blobs = Array.from({ length: 20 }, () => randomBlob(1000));
  for (const { bytes } of blobs) all.mirrors[0]!.model.putBlob('cache/app', bytes);
  const began = Date.now();
  for (const { descriptor } of blobs) await readAll(await all.repository.fetch(descriptor));
  const tookMs = Date.now() - began;
  t.diagnostic(`20 blobs behind a dead mirror: ${tookMs} ms`);
  assert.ok(tookMs < 2800, `${tookMs} ms`);
  assert.ok(stored.get(hole)!.until > Date.now());
  const next = new MirrorHealth(store);
  assert.equal(next.usable(hole), false);
});

test('a mirror that is back is asked by one request first, then by all', () => {
  const health = new MirrorHealth({
    load: () => ({ until: Date.now() - 1, reason: 'gone' }),
    save: () => undefined,
  });
  assert.equal(health.usable('m.example'), true);
  assert.equal(health.usable('m.example'), false, 'the others wait for that one');
  health.served('m.example');
  assert.equal(health.usable('m.example'), true);
});
