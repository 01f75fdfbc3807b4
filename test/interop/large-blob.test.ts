import assert from 'node:assert/strict';
import { EXTENSION, readTree, writeExtension } from './extension-tree.js';
import { onBothRegistries } from './on-both-registries.js';
import { manifest } from './registry-content.js';

/** Above 16 MiB our client uploads in pieces of 8 MiB. */
const PAYLOAD_BYTES = 25 * 1024 * 1024;
const { namespace, name, repository, version } = EXTENSION;

onBothRegistries('a large blob', async (site, check) => {
  const { host } = site.registry;
  const reference = `${host}/${repository}:${version}`;
  const expected = readTree(writeExtension(site.path('tree'), { payloadBytes: PAYLOAD_BYTES }));
  const copy = 'skopeo --insecure-policy copy --src-tls-verify=false --dest-tls-verify=false' as const;
  const { digest, requests } = await site.prov<{ digest: string; requests: Record<string, number> }>(
    `ext push tree --registry ${host} --namespace ${namespace}`,
  );

  await check({ needs: [], does: 'our upload in pieces, then our pull' }, async () => {
    assert.ok(requests['PATCH']! >= 3, JSON.stringify(requests));
    assert.ok((await manifest(host, repository, version)).layers![0]!.size > PAYLOAD_BYTES);
    await site.prov(`ext pull ${reference} --destination ours`);
    assert.deepEqual(readTree(site.path('ours')), expected);
  });

  await check(
    { needs: ['skopeo'], does: 'our upload in pieces, skopeo copy out and in, our pulls' },
    async () => {
      await site.run(`${copy} docker://${reference} oci:copied:${repository}:${version}`);
      const fromLayout = await site.prov('ext pull oci-layout:copied --destination from-layout');
      assert.equal(fromLayout['digest'], digest);
      assert.deepEqual(readTree(site.path('from-layout')), expected);
      const target = `${host}/large/by-skopeo/${name}:${version}`;
      await site.run(`${copy} oci:copied:${repository}:${version} docker://${target}`);
      const back = await site.prov(`ext pull ${target} --destination back`);
      assert.equal(back['digest'], digest);
      assert.deepEqual(readTree(site.path('back')), expected);
    },
  );

  await check({ needs: ['oras'], does: 'our upload in pieces, then oras pull' }, async () => {
    await site.run(`oras pull --plain-http -o by-oras ${reference}`);
    assert.deepEqual(readTree(site.path('by-oras', name)), expected);
  });

  await check({ needs: ['crane'], does: 'crane push of a large blob, then our pull' }, async () => {
    await site.prov(`ext pack tree --namespace ${namespace} --output packed`);
    const target = `${host}/large/by-crane/${name}:${version}`;
    await site.run(`crane --insecure push packed ${target}`);
    const pulled = await site.prov(`ext pull ${target} --destination by-crane`);
    assert.equal(pulled['digest'], digest);
    assert.deepEqual(readTree(site.path('by-crane')), expected);
  });
});
