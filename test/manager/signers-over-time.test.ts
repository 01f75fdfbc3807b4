import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Digest } from '#base';
import {
  type ManagerContext,
  pushExtension,
  resolveWorkspace,
  signReference,
  verifyReference,
} from '#manager';
import { parseReference, type RemoteReference } from '#schemas';
import { policyForKeys, type Signer } from '#trust';
import { startFaultRegistry } from '../fault-registry/index.js';
import { newKey, openShop, openSite } from './site.js';

const policyOf = (alice: Signer, bob: Signer, continuity: string) => `apiVersion: prov.dev/trust/v1
version: 1
keys:
  alice: {pem: ${JSON.stringify(alice.publicKey.pem)}}
  bob: {pem: ${JSON.stringify(bob.publicKey.pem)}}
principals: {alice: {keys: [alice]}, bob: {keys: [bob]}}
authorities: {any: {threshold: 1, of: [alice, bob]}}
rules: [{match: {repository: "team/**"}, require: [{signature: {by: any}}]${continuity}}]
`;

test('a rule that asks for it refuses a version that nobody signed who signed the locked one', async (t) => {
  const site = await openSite(t);
  const [{ signer: alice }, { signer: bob }] = [await newKey(), await newKey()];
  await site.publish({ name: 'web' }, { signer: alice });
  const workspace = await openShop(site, { web: '>=1' });
  const setPolicy = (continuity: string) =>
    writeFileSync(join(workspace.root, 'config/trust-policy.yaml'), policyOf(alice, bob, continuity));
  const messages: string[] = [];
  const context: ManagerContext = {
    ...site.context,
    onEvent: (event) => event.event === 'unverified' && messages.push(String(event.message)),
  };
  const update = () => resolveWorkspace({ workspace, update: {} }, context);
  setPolicy(', signerContinuity: enforce');
  await update();
  const before = readFileSync(workspace.lockFile, 'utf8');
  await site.publish({ name: 'web', version: '1.1.0' }, { signer: bob });
  await assert.rejects(update(), {
    code: 'TRUST_REFUSED',
    message: /nobody who signed the locked version.*1\.0\.0 was signed by alice, this by bob/,
  });
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), before);
  assert.equal(existsSync(join(workspace.root, '.cache/modules/taskservs/web/1.1.0')), false);
  setPolicy(', signerContinuity: warn');
  const { changes } = await resolveWorkspace({ workspace, update: {}, dryRun: true }, context);
  assert.deepEqual(changes[0]?.signer, { from: 'alice', to: 'bob' });
  assert.match(messages.join('\n'), /web 1\.1\.0: nobody who signed/);
  // The twin: the same version, which alice has signed too.
  setPolicy(', signerContinuity: enforce');
  await signReference({ reference: site.reference('web:1.1.0'), signer: alice }, site.context);
  await update();
  assert.match(readFileSync(workspace.lockFile, 'utf8'), /version: 1\.1\.0/);
});

test('a tag that moves while it is signed moves no signature', async (t) => {
  const site = await openSite(t);
  const registry = await startFaultRegistry();
  t.after(() => registry.close());
  const { signer, publicKey } = await newKey();
  const push = (text: string) =>
    pushExtension(
      {
        dir: site.extension({ name: 'web', files: { 'scripts/install.sh': `echo ${text}\n` } }),
        registry: registry.host,
        namespace: 'team',
      },
      site.context,
    );
  const theirs = await push('theirs');
  const { tags } = registry.model.repository('team/web');
  tags.delete('1.0.0');
  const ours = await push('ours');
  assert.notEqual(ours.digest, theirs.digest);
  const reference = parseReference('team/web:1.0.0', {
    registry: registry.host,
    namespace: 'team',
  }) as RemoteReference;
  const policy = policyForKeys([publicKey]);
  const at = (digest: string) =>
    verifyReference(
      { reference: { ...reference, tag: undefined, digest: digest as Digest }, policy },
      site.context,
    );
  const moved = new Proxy(signer, {
    get: (target, name) => {
      // Between reading and signing: the other content is under the tag from here on.
      if (name === 'sign') tags.set('1.0.0', theirs.digest);
      return Reflect.get(target, name) as unknown;
    },
  });
  const signed = await signReference({ reference, signer: moved }, site.context);
  assert.equal(tags.get('1.0.0'), theirs.digest);
  assert.equal(signed.digest, ours.digest);
  await at(ours.digest);
  await assert.rejects(at(theirs.digest), { code: 'TRUST_REFUSED', message: /no signature/ });
  tags.set('1.1.0', ours.digest);
  await assert.rejects(signReference({ reference: { ...reference, tag: '1.1.0' }, signer }, site.context), {
    code: 'MANAGER_CONTENT_MISNAMED',
  });
});
