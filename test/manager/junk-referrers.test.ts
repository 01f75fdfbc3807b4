import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pushExtension, verifyReference } from '#manager';
import { parseReference, type RemoteReference } from '#schemas';
import { policyForKeys } from '#trust';
import { type FaultRegistry, hash, startFaultRegistry } from '../fault-registry/index.js';
import { type JunkOptions, junkReferrer, type Subject } from '../support/junk-referrers.js';
import { newKey, openSite } from './site.js';

const MIB = 1024 * 1024;
const REPOSITORY = 'team/web';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** What somebody who may push can attach; none of it may hide the good signature or cost its bytes. */
const SORTS: Readonly<Record<string, (nth: number) => JunkOptions>> = {
  'no bundle at all': () => ({}),
  'bytes that are no text': (nth) => ({ bundle: Buffer.from([0, 255, nth]) }),
  'a layer of another type': () => ({ layerType: 'text/plain' }),
  'an artifact of another type': () => ({ artifactType: 'application/spdx+json' }),
  'no type': () => ({ artifactType: undefined }),
  'another subject': () => ({
    subject: { mediaType: 'a/b', digest: `sha256:${'0'.repeat(64)}`, size: 1 },
  }),
  'no subject': () => ({ subject: undefined }),
  'a size that is a lie': () => ({ size: 7 }),
  'a size beyond all limits': () => ({ size: 80 * MIB }),
};

for (const referrersApi of [true, false])
  test(`300 junk referrers of all sorts do not hide a good signature, wherever it stands, ${referrersApi ? 'with the referrers API' : 'under the fallback tag'}`, async (t) => {
    const { registry, subject, good, verify } = await signedSite(t, { referrersApi });
    const sorts = Object.values(SORTS);
    const junk = Array.from({ length: 300 }, (_, nth) =>
      junkReferrer(subject, nth, sorts[nth % sorts.length]!(nth)),
    );
    for (const { manifest, blobs } of junk) {
      registry.model.putManifest(REPOSITORY, { type: subject.mediaType, bytes: manifest });
      for (const blob of blobs) registry.model.putBlob(REPOSITORY, blob);
    }
    const long = `sha256:${'2'.repeat(64)}`;
    // Beside them entries that lead nowhere, whose manifest is too long, and whose size is another.
    const entries: Record<string, unknown>[] = [
      ...junk.map(({ entry }) => entry),
      { ...good, digest: `sha256:${'1'.repeat(64)}` },
      { ...good, digest: long, size: 5 * MIB },
      { ...junk[0]!.entry, size: 3 },
    ];
    const neverAsked = [
      long,
      ...junk.flatMap(({ digest, blobs }, nth) => {
        const sort = Object.keys(SORTS)[nth % sorts.length];
        if (sort === 'a size beyond all limits') return [hash(blobs[1]!)];
        return sort === 'an artifact of another type' && referrersApi ? [digest] : [];
      }),
    ];
    for (const at of [0, 150, entries.length]) {
      const manifests = [...entries.slice(0, at), good, ...entries.slice(at)];
      setList(registry, subject, { manifests, referrersApi });
      registry.seen.length = 0;
      await verify();
      const asked = registry.seen.map(({ url }) => url);
      assert.deepEqual(
        neverAsked.filter((digest) => asked.some((url) => url.endsWith(digest))),
        [],
        `at ${at}`,
      );
      assert.ok(asked.length < 1000, `${asked.length} requests`);
    }
    setList(registry, subject, { manifests: entries, referrersApi });
    await assert.rejects(verify(), { code: 'TRUST_REFUSED' });
  });

test('long bundles are read last and within 32 MiB: they hide no short one', async (t) => {
  const { registry, subject, own, verify } = await signedSite(t, { referrersApi: true });
  for (const { digest } of own) registry.model.repository(REPOSITORY).manifests.delete(digest);
  for (let nth = 0; nth < 48; nth += 1) {
    const bundle = Buffer.concat([Buffer.from(`${nth}`.padStart(8)), Buffer.alloc(MIB - 8, ' ')]);
    const { manifest, blobs } = junkReferrer(subject, nth, { bundle });
    registry.model.putManifest(REPOSITORY, { type: subject.mediaType, bytes: manifest });
    for (const blob of blobs) registry.model.putBlob(REPOSITORY, blob);
  }
  registry.seen.length = 0;
  await assert.rejects(verify(), { code: 'TRUST_REFUSED' });
  const asked = registry.seen.filter(({ url }) => url.includes('/blobs/')).length;
  assert.ok(asked >= 32 && asked <= 34, `32 bundles and the config: ${asked}`);
  for (const { bytes } of own) registry.model.putManifest(REPOSITORY, { type: subject.mediaType, bytes });
  await verify();
});

/** A signed extension whose only signature is a bundle. */
async function signedSite(t: TestContext, behaviour: { readonly referrersApi: boolean }) {
  const site = await openSite(t);
  const registry = await startFaultRegistry(behaviour);
  t.after(() => registry.close());
  const { signer, publicKey } = await newKey();
  const dir = site.extension({ name: 'web' });
  const to = { dir, registry: registry.host, namespace: 'team', signer };
  const { digest } = await pushExtension(to, site.context);
  const content = registry.model.repository(REPOSITORY);
  content.tags.delete(`${digest.replace(':', '-')}.sig`);
  const { type, bytes } = content.manifests.get(digest)!;
  const subject = { mediaType: type, digest, size: bytes.byteLength };
  const own = [...content.manifests].flatMap(([each, stored]) =>
    stored.bytes.includes('"subject":{') ? [{ digest: each, bytes: stored.bytes }] : [],
  );
  const [good] = registry.model.referrers(REPOSITORY, digest);
  const reference = parseReference(`${REPOSITORY}:1.0.0`, {
    registry: registry.host,
    namespace: 'team',
  }) as RemoteReference;
  const verify = () => verifyReference({ reference, policy: policyForKeys([publicKey]) }, site.context);
  return { registry, subject, own, good: good!, verify };
}

function setList(
  registry: FaultRegistry,
  subject: Subject,
  { manifests, referrersApi }: { readonly manifests: readonly unknown[]; readonly referrersApi: boolean },
): void {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
  if (!referrersApi) {
    registry.model.putManifest(REPOSITORY, { type: INDEX, bytes, tag: subject.digest.replace(':', '-') });
    return;
  }
  registry.clearFaults();
  registry.fault({
    path: /\/referrers\//,
    times: 99,
    does: {
      change: (planned) => {
        planned.body = bytes;
      },
    },
  });
}
