import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ProvError } from '#base';
import { copyReference, pullExtension, verifyReference } from '#manager';
import { parseReference, type RemoteReference } from '#schemas';
import { policyForKeys } from '#trust';
import { startFaultRegistry } from '../fault-registry/index.js';
import { NAMESPACE, newKey, openSite } from '../manager/site.js';

/** An extension on a fault registry, brought there by our own copy. */
async function atFaultRegistry(t: TestContext) {
  const site = await openSite(t);
  const server = await startFaultRegistry();
  t.after(() => server.close());
  const { signer, publicKey } = await newKey();
  const { digest } = await site.publish({ name: 'redis' }, { signer });
  const at = (text: string) =>
    parseReference(text, { registry: server.host, namespace: NAMESPACE }) as RemoteReference;
  await copyReference({ from: site.reference('redis:1.0.0'), to: at('redis:1.0.0') }, site.context);
  return { site, server, at, digest, publicKey };
}

test('of a tag and a digest the digest decides: the tag is not even asked for', async (t) => {
  const { site, server, at, digest } = await atFaultRegistry(t);
  server.model.repository(`${NAMESPACE}/redis`).tags.delete('1.0.0');
  server.seen.length = 0;
  const reference = at(`redis:1.0.0@${digest}`);
  const pulled = await pullExtension({ reference, dryRun: true }, site.context);
  assert.equal(pulled.digest, digest);
  assert.ok(server.seen.length > 0);
  assert.equal(server.count('GET', /manifests\/1\.0\.0/) + server.count('HEAD', /manifests\/1\.0\.0/), 0);
});

test('an uncertain answer about referrers is a refusal that says so, under a policy of keys', async (t) => {
  const { site, server, at, publicKey } = await atFaultRegistry(t);
  const verify = () =>
    verifyReference({ reference: at('redis:1.0.0'), policy: policyForKeys([publicKey]) }, site.context);
  await verify();
  const side = [...server.model.repository(`${NAMESPACE}/redis`).tags.keys()].filter((tag) =>
    tag.endsWith('.sig'),
  );
  for (const tag of side) server.model.repository(`${NAMESPACE}/redis`).tags.delete(tag);
  for (const status of [400, 403, 405, 406]) {
    server.fault({ path: /\/referrers\//, times: 9, does: { answer: { status } } });
    await assert.rejects(
      verify(),
      (error: ProvError) =>
        error.code === 'TRUST_REFUSED' && error.details['reason'] === 'signatures-uncertain',
    );
    server.clearFaults();
  }
  await verify();
});
