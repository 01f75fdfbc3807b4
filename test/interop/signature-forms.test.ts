import assert from 'node:assert/strict';
import { findProgram } from '../support/programs.js';
import { EXTENSION, writeExtension } from './extension-tree.js';
import { onBothRegistries } from './on-both-registries.js';
import { request } from './registry-content.js';
import { VERIFIERS } from './verifiers.js';

const { name, version } = EXTENSION;

/** Who reads which form: cosign 2 and skopeo know no bundles, cosign 3 and prov read both. */
const READERS = {
  both: { prov: 'accepts', cosign3: 'accepts', cosign2: 'accepts', skopeo: 'accepts' },
  bundle: { prov: 'accepts', cosign3: 'accepts', cosign2: 'refuses', skopeo: 'refuses' },
  legacy: { prov: 'accepts', cosign3: 'accepts', cosign2: 'accepts', skopeo: 'accepts' },
} as const;

onBothRegistries('each form of a signature by itself', async (site, check) => {
  const { host } = site.registry;
  writeExtension(site.path('tree'));
  for (const key of ['ecdsa-p256', 'second']) await site.prov(`key generate --output ${key}`);
  let digest = '';
  for (const [form, readers] of Object.entries(READERS)) {
    const place = `${form}/acme`;
    const reference = `${host}/${place}/${name}:${version}`;
    const pushed = await site.prov<{ digest: string }>(
      `ext push tree --registry ${host} --namespace ${place} --sign --key ecdsa-p256.key --signature-form ${form}`,
    );
    digest = pushed.digest;
    assert.deepEqual(
      await formsOf(digest, `${place}/${name}`),
      { bundles: form === 'legacy' ? 0 : 1, legacy: form === 'bundle' ? 0 : 1 },
      form,
    );
    for (const [verifier, expected] of Object.entries(readers)) {
      const { needs, judge } = VERIFIERS[verifier]!;
      await check(
        { needs: needs === undefined ? [] : [needs], does: `${form}: ${verifier} ${expected}` },
        async () => assert.equal(await judge(site, reference, 'ecdsa-p256'), expected),
      );
    }
  }
  await check({ needs: [], does: 'a second form is added, and nothing is signed twice' }, async () => {
    const reference = `${host}/bundle/acme/${name}:${version}`;
    const sign = (form: string) =>
      site.prov<{ added: boolean; form: string }>(
        `ext sign ${reference} --key ecdsa-p256.key --signature-form ${form}`,
      );
    assert.deepEqual(await formsOf(digest, `bundle/acme/${name}`), { bundles: 1, legacy: 0 });
    assert.equal((await sign('bundle')).added, false);
    assert.equal((await sign('legacy')).added, true);
    assert.deepEqual(await formsOf(digest, `bundle/acme/${name}`), { bundles: 1, legacy: 1 });
    assert.equal((await sign('both')).added, false);
    if (findProgram('cosign2'))
      assert.equal(await VERIFIERS['cosign2']!.judge(site, reference, 'ecdsa-p256'), 'accepts');
  });

  /** As the registry has them, past every client. */
  async function formsOf(digest: string, repository: string): Promise<{ bundles: number; legacy: number }> {
    const tag = digest.replace(':', '-');
    const answer = await request(host, `/v2/${repository}/referrers/${digest}`);
    const index = answer.status === 200 ? answer : await request(host, `/v2/${repository}/manifests/${tag}`);
    const older = await request(host, `/v2/${repository}/manifests/${tag}.sig`);
    const count = ({ status, body }: typeof answer, member: 'manifests' | 'layers') =>
      status === 200 ? (JSON.parse(body.toString())[member] as unknown[]).length : 0;
    return { bundles: count(index, 'manifests'), legacy: count(older, 'layers') };
  }
});
