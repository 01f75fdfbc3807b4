import assert from 'node:assert/strict';
import { EXTENSION, readTree, sha256, writeExtension } from './extension-tree.js';
import { onBothRegistries } from './on-both-registries.js';
import { type ManifestDocument, manifest, tags } from './registry-content.js';

const { namespace, name, repository, version } = EXTENSION;

onBothRegistries('crane', async (site, check) => {
  const { host } = site.registry;
  const reference = `${host}/${repository}:${version}`;
  const expected = readTree(writeExtension(site.path('tree'), { asset: true }));
  const { digest } = await site.prov(
    `ext push tree --registry ${host} --namespace ${namespace} --vendor-assets`,
  );

  await check({ needs: ['crane'], does: 'our push, then crane manifest, digest and blob' }, async () => {
    const { stdout } = await site.run(`crane --insecure manifest ${reference}`);
    assert.equal(`sha256:${sha256(stdout)}`, digest);
    assert.equal((await site.run(`crane --insecure digest ${reference}`)).stdout.trim(), digest);
    const { config } = JSON.parse(stdout) as ManifestDocument;
    const blob = await site.run(`crane --insecure blob ${host}/${repository}@${config!.digest}`);
    assert.equal(`sha256:${sha256(blob.stdout)}`, config!.digest);
    assert.equal(JSON.parse(blob.stdout).name, name);
  });

  await check({ needs: ['crane'], does: 'crane ls and catalog find our push' }, async () => {
    assert.deepEqual((await site.run(`crane --insecure ls ${host}/${repository}`)).stdout.trim(), version);
    const { stdout } = await site.run(`crane --insecure catalog ${host}`);
    assert.ok(stdout.split('\n').includes(repository), stdout);
  });

  await check({ needs: ['crane'], does: 'crane copy to another repository, then our pull' }, async () => {
    const target = `${host}/copies/by-crane/${name}:${version}`;
    await site.run(`crane --insecure copy ${reference} ${target}`);
    const pulled = await site.prov(`ext pull ${target} --destination from-copy`);
    assert.equal(pulled['digest'], digest);
    assert.deepEqual(readTree(site.path('from-copy')), expected);
  });

  await check({ needs: ['crane'], does: 'crane tag of our push, then our inspect of the tag' }, async () => {
    await site.run(`crane --insecure tag ${reference} stable`);
    assert.equal((await site.prov(`ext inspect ${host}/${repository}:stable`))['digest'], digest);
    assert.deepEqual(await tags(host, repository), [version, 'stable']);
  });

  await check({ needs: ['crane'], does: 'our packed layout, crane push of it, our pull' }, async () => {
    await site.prov(`ext pack tree --namespace ${namespace} --vendor-assets --output packed`);
    const target = `${host}/crane-push/${name}:${version}`;
    const { stdout } = await site.run(`crane --insecure push packed ${target}`);
    assert.equal(stdout.trim(), `${host}/crane-push/${name}@${digest}`);
    const pulled = await site.prov(`ext pull ${target} --destination from-push`);
    assert.equal(pulled['digest'], digest);
    assert.deepEqual(readTree(site.path('from-push')), expected);
  });

  await check({ needs: ['crane'], does: 'crane pull to a layout, then our pull of it' }, async () => {
    await site.run(`crane --insecure pull --format oci --annotate-ref ${reference} pulled`);
    const pulled = await site.prov('ext pull oci-layout:pulled --destination from-layout');
    assert.equal(pulled['digest'], digest);
    assert.deepEqual(readTree(site.path('from-layout')), expected);
  });

  await check(
    { needs: ['crane'], does: 'an image: crane append and validate, refused by our pull' },
    async () => {
      const image = `${host}/images/app:1.0.0`;
      const layer = (await manifest(host, repository, version)).layers![0]!;
      await site.run(`crane --insecure pull --format oci ${reference} layers`);
      const tar = site.path('layers', 'blobs', ...layer.digest.split(':'));
      await site.run(`crane --insecure append --oci-empty-base -f ${tar} -t ${image}`);
      const { stdout } = await site.run(`crane --insecure validate --remote ${image}`);
      assert.match(stdout, /^PASS/);
      const failure = await site.provFails(`ext pull ${image} --destination image`);
      assert.equal(failure.code, 'OCI_ARTIFACT_NOT_EXTENSION');
    },
  );
});
