import assert from 'node:assert/strict';
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf } from '#base';
import {
  type ManagerContext,
  type ManagerEvent,
  pullArtifact,
  pullExtension,
  pushExtension,
  type SetStatusOptions,
  setStatus,
} from '#manager';
import {
  anonymousCredentials,
  attachArtifact,
  bytesSource,
  createRemoteRegistry,
  describeBytes,
  type RemoteRepository,
} from '#oci';
import { MEDIA, parseReference, type RemoteReference } from '#schemas';
import { buildStatus, policyForKeys } from '#trust';
import { startFaultRegistry } from '../fault-registry/index.js';
import { NAMESPACE, newKey, openSite, type Site } from './site.js';

/** One registry with `redis 1.0.0` on it, signed. */
interface Shelf {
  readonly host: string;
  readonly context: ManagerContext;
  readonly events: ManagerEvent[];
  readonly store: RemoteRepository;
  readonly key: Awaited<ReturnType<typeof newKey>>;
  set(options: Pick<SetStatusOptions, 'state'> & Partial<SetStatusOptions>): ReturnType<typeof setStatus>;
  pull(more?: Partial<Parameters<typeof pullExtension>[0]>): ReturnType<typeof pullExtension>;
}

async function shelf(t: TestContext, site: Site, host: string): Promise<Shelf> {
  const key = await newKey();
  const events: ManagerEvent[] = [];
  const context = {
    ...site.context,
    onEvent: (event: ManagerEvent) => {
      if (!event.event.startsWith('transfer.')) events.push(event);
    },
  };
  const dir = site.extension({ name: 'redis' });
  await pushExtension({ dir, registry: host, namespace: NAMESPACE, signer: key.signer }, context);
  const reference = parseReference(`${host}/${NAMESPACE}/redis:1.0.0`) as RemoteReference;
  const client = createRemoteRegistry({ registry: host, credentials: anonymousCredentials, env: {} });
  t.after(() => client.close());
  let pulls = 0;
  return {
    host,
    context,
    events,
    key,
    store: client.repository(`${NAMESPACE}/redis`),
    set: (options) => setStatus({ reference, reason: `it is ${options.state}`, ...options }, context),
    pull: (more = {}) => {
      pulls += 1;
      const destination = join(site.folder, `pulled-${host.replace(':', '-')}-${pulls}`);
      return pullExtension({ reference, destination, ...more }, context);
    },
  };
}

/** Ours, a foreign one with the referrers API, and one without it. */
async function shelves(t: TestContext): Promise<readonly Shelf[]> {
  const site = await openSite(t);
  const hosts = [site.registry];
  for (const referrersApi of [true, false]) {
    const server = await startFaultRegistry({ referrersApi });
    t.after(() => server.close());
    hosts.push(server.host);
  }
  return Promise.all(hosts.map((host) => shelf(t, site, host)));
}

test('deprecated and yanked are pulled with a warning, revoked is refused unless it is allowed', async (t) => {
  for (const { set, pull, events, key, host } of await shelves(t)) {
    assert.equal((await pull()).state, 'active', host);
    assert.deepEqual(
      events.filter(({ event }) => event === 'warning'),
      [],
    );
    const { signer } = key;
    const deprecated = await set({ state: 'deprecated', replacement: 'valkey@^1', signer });
    assert.deepEqual([deprecated.before, deprecated.sequence, deprecated.changed], ['active', 1, true]);
    assert.equal((await pull()).state, 'deprecated');
    assert.match(
      String(events.at(-1)?.message),
      /1\.0\.0 is deprecated: it is deprecated; take valkey@\^1 instead/,
    );
    await set({ state: 'yanked', signer });
    const pulled = await pull();
    assert.deepEqual([pulled.state, pulled.reason, pulled.written], ['yanked', 'it is yanked', true]);
    await set({ state: 'revoked', signer });
    const refused = join(pulled.destination, '..', `refused-${host.replace(':', '-')}`);
    await assert.rejects(pull({ destination: refused }), {
      code: 'MANAGER_VERSION_REVOKED',
      exitCode: 6,
      message: /it is revoked/,
    });
    assert.equal(existsSync(refused), false);
    assert.equal((await pull({ allowRevoked: true })).state, 'revoked');
    assert.equal((await set({ state: 'active', undoes: 'revoked', signer })).changed, true);
    assert.equal((await pull()).state, 'active');
  }
});

test('saying the same again writes nothing, and undoing what is not so is refused', async (t) => {
  const [own] = await shelves(t);
  const { set, key, store } = own!;
  const { signer } = key;
  const first = await set({ state: 'yanked', signer });
  assert.equal((await set({ state: 'yanked', signer })).changed, false);
  const statuses = await store.referrers(await store.resolve('1.0.0'), MEDIA.status);
  assert.deepEqual(
    statuses.map(({ digest }) => digest),
    [first.status],
  );
  await assert.rejects(set({ state: 'active', undoes: 'revoked', signer }), {
    code: 'MANAGER_STATUS_NOT_SET',
    exitCode: 11,
  });
  await assert.rejects(set({ state: 'yanked', reason: 'x'.repeat(2000), signer }), {
    code: 'BASE_LIMIT_EXCEEDED',
  });
  const planned = await set({ state: 'revoked', signer, dryRun: true });
  assert.deepEqual([planned.changed, planned.status, planned.sequence], [true, undefined, 2]);
  assert.equal((await store.referrers(await store.resolve('1.0.0'), MEDIA.status)).length, 1);
});

test('an unsigned status hides; restoring takes the key that signed, hid, or is named by the policy', async (t) => {
  for (const { set, pull, key } of await shelves(t)) {
    assert.equal((await set({ state: 'yanked' })).signedBy, undefined);
    assert.equal((await pull()).state, 'yanked');
    await assert.rejects(set({ state: 'active' }), {
      code: 'MANAGER_STATUS_NO_EFFECT',
      exitCode: 6,
      message: /never restore/,
    });
    const stranger = await newKey();
    await assert.rejects(set({ state: 'active', signer: stranger.signer }), {
      code: 'MANAGER_STATUS_NO_EFFECT',
      message: /neither signed/,
    });
    const policy = policyForKeys([stranger.publicKey]);
    await set({ state: 'active', signer: stranger.signer, policy });
    assert.equal((await pull()).state, 'yanked', 'without that policy nobody follows it');
    await set({ state: 'active', signer: key.signer });
    assert.equal((await pull()).state, 'active');
  }
});

test('statuses of hostile registries count for nothing and are told', async (t) => {
  for (const { store, pull, set, events, key, host } of await shelves(t)) {
    const subject = await store.resolve('1.0.0');
    const other = await buildStatus({
      subject: { digest: digestOf('other'), repository: 'a/b' },
      state: 'revoked',
      reason: 'not about this',
      sequence: 1,
      issuedAt: new Date().toISOString(),
    });
    const attach = (bytes: Uint8Array, mediaType: string = MEDIA.dsseEnvelope) =>
      attachArtifact(store, {
        subject,
        artifactType: MEDIA.status,
        layers: [{ descriptor: describeBytes(bytes, mediaType), source: bytesSource(bytes) }],
      });
    await attach(other);
    await attach(Buffer.from('not JSON'));
    await attach(Buffer.from(JSON.stringify({ payload: '', payloadType: MEDIA.extension, signatures: [] })));
    const unreadable = [await attach(Buffer.alloc(100_000)), await attach(other, MEDIA.octetStream)];
    assert.equal((await pull()).state, 'active', host);
    const warnings = events.filter(({ event }) => event === 'warning').map(({ message }) => String(message));
    for (const { digest } of unreadable)
      assert.ok(
        warnings.some((text) => text.includes(digest)),
        host,
      );
    await set({ state: 'yanked', signer: key.signer });
    const restored = await buildStatus({
      subject: { digest: subject.digest, repository: `${NAMESPACE}/redis` },
      state: 'active',
      reason: 'replayed',
      sequence: 1,
      issuedAt: new Date().toISOString(),
    });
    await attach(restored);
    assert.equal((await pull()).state, 'yanked');
  }
});

test('a range follows the policy of who pulls, and ends with its signal', async (t) => {
  const site = await openSite(t);
  const server = await startFaultRegistry();
  t.after(() => server.close());
  const { context, host, key } = await shelf(t, site, server.host);
  const other = await newKey();
  const dir = site.extension({ name: 'redis', version: '1.1.0' });
  await pushExtension({ dir, registry: host, namespace: NAMESPACE, signer: key.signer }, context);
  const policy = policyForKeys([key.publicKey, other.publicKey]);
  const at = (text: string) => parseReference(`${host}/${NAMESPACE}/redis${text}`) as RemoteReference;
  const reference = at(':1.1.0');
  await setStatus({ reference, state: 'yanked', reason: 'a mistake' }, context);
  await setStatus({ reference, state: 'active', reason: 'none', policy, signer: other.signer }, context);
  const pull = (more: Partial<Parameters<typeof pullExtension>[0]> = {}, signal?: AbortSignal) =>
    pullExtension({ reference: at('@^1'), dryRun: true, ...more }, { ...context, signal });
  assert.equal((await pull()).version, '1.0.0', 'that key did not sign it');
  assert.equal((await pull({ policy })).version, '1.1.0');
  const stop = new AbortController();
  const when = () => setImmediate(() => stop.abort(new Error('stopped'))) !== undefined;
  server.fault({ path: /tags\/list/, when, does: { hang: true } });
  await assert.rejects(pull({}, stop.signal), /stopped/);
});

test('a revoked artifact of any kind is refused, and one on this machine is not asked about', async (t) => {
  const site = await openSite(t);
  const { context, events, host, set } = await shelf(t, site, site.registry);
  const reference = parseReference(`${host}/${NAMESPACE}/redis:1.0.0`) as RemoteReference;
  const pull = (more: Partial<Parameters<typeof pullArtifact>[0]> = {}) =>
    pullArtifact({ reference, destination: join(site.folder, 'any'), force: true, ...more }, context);
  const { state, digest } = await pull();
  assert.equal(state, 'active');
  await set({ state: 'yanked', reason: 'it is yanked\nsigned by\u001b[2J anna' });
  assert.equal((await pull()).state, 'yanked');
  assert.match(
    JSON.stringify(events),
    /is yanked: it is yanked signed by\ufffd\[2J anna"/,
    'no line is faked',
  );
  await set({ state: 'revoked' });
  await assert.rejects(pull(), { code: 'MANAGER_VERSION_REVOKED', message: /it is revoked/ });
  assert.equal((await pull({ allowRevoked: true })).state, 'revoked');
  const cached = await pull({ reference: { ...reference, tag: undefined, digest: digest as never } });
  assert.deepEqual([cached.state, cached.requests], [undefined, {}]);
});

test('a huge file under the digest of a manifest is not read into memory', async (t) => {
  const site = await openSite(t);
  const digest = digestOf(Buffer.from('no such manifest'));
  const blobs = join(site.home, '.provisioning', 'oci-cache', 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const path = join(blobs, digest.slice('sha256:'.length));
  writeFileSync(path, '');
  truncateSync(path, 3 * 1024 ** 3);
  const reference = parseReference(`${site.registry}/${NAMESPACE}/redis@${digest}`) as RemoteReference;
  await assert.rejects(pullExtension({ reference }, site.context), { code: 'OCI_REFERENCE_NOT_FOUND' });
});
