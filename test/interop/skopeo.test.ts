import assert from 'node:assert/strict';
import { EXTENSION, readTree, sha256, writeExtension } from './extension-tree.js';
import { onBothRegistries } from './on-both-registries.js';
import { manifestBytes } from './registry-content.js';

const { namespace, name, repository, version } = EXTENSION;

onBothRegistries('skopeo', async (site, check) => {
  const { host } = site.registry;
  const reference = `${host}/${repository}:${version}`;
  const expected = readTree(writeExtension(site.path('tree'), { asset: true }));
  const { digest } = await site.prov(
    `ext push tree --registry ${host} --namespace ${namespace} --vendor-assets`,
  );
  const copy = 'skopeo --insecure-policy copy --src-tls-verify=false --dest-tls-verify=false' as const;

  await check(
    { needs: ['skopeo'], does: 'our push, then skopeo inspect --raw gives our bytes' },
    async () => {
      const { stdout } = await site.run(`skopeo inspect --raw --tls-verify=false docker://${reference}`);
      assert.equal(`sha256:${sha256(stdout)}`, digest);
    },
  );

  await check({ needs: ['skopeo'], does: 'skopeo list-tags finds our tag' }, async () => {
    const { stdout } = await site.run(`skopeo list-tags --tls-verify=false docker://${host}/${repository}`);
    assert.ok(JSON.parse(stdout).Tags.includes(version), stdout);
  });

  await check({ needs: ['skopeo'], does: 'skopeo copy to a layout, then our pull of it' }, async () => {
    await site.run(`${copy} docker://${reference} oci:copied:${repository}:${version}`);
    const pulled = await site.prov(
      `ext pull oci-layout:copied#${repository}:${version} --destination from-copied`,
    );
    assert.equal(pulled['digest'], digest);
    assert.deepEqual(readTree(site.path('from-copied')), expected);
  });

  await check({ needs: ['skopeo'], does: 'skopeo copy between repositories, then our pull' }, async () => {
    const target = `${host}/copies/by-skopeo/${name}:${version}`;
    await site.run(`${copy} docker://${reference} docker://${target}`);
    const pulled = await site.prov(`ext pull ${target} --destination from-repository`);
    assert.equal(pulled['digest'], digest);
    assert.deepEqual(readTree(site.path('from-repository')), expected);
  });

  await check({ needs: ['skopeo'], does: 'our packed layout, skopeo copy into it, our pull' }, async () => {
    const packed = await site.prov(`ext pack tree --namespace ${namespace} --vendor-assets --output packed`);
    assert.equal(packed['digest'], digest);
    const pushed = `skopeo-push/${name}`;
    await site.run(`${copy} oci:packed:${repository}:${version} docker://${host}/${pushed}:${version}`);
    assert.equal(`sha256:${sha256(await manifestBytes(host, pushed, version))}`, digest);
    const pulled = await site.prov(`ext pull ${host}/${pushed}:${version} --destination from-push`);
    assert.equal(pulled['digest'], digest);
    assert.deepEqual(readTree(site.path('from-push')), expected);
  });
});
