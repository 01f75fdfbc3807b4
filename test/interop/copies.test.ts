import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { EXTENSION, readTree, writeExtension } from './extension-tree.js';
import { onBothRegistries } from './on-both-registries.js';
import { manifest, tags } from './registry-content.js';

const { namespace, name, repository, version } = EXTENSION;
const VERIFY = 'verify --insecure-ignore-tlog --allow-http-registry --key';

onBothRegistries('signed copies', async (site, check) => {
  const { host } = site.registry;
  const source = await site.another();
  const original = `${source.host}/${repository}:${version}`;
  const expected = readTree(writeExtension(site.path('tree'), { asset: true }));
  await site.prov('key generate --output release');
  const { digest } = await site.prov<{ digest: string }>(
    `ext push tree --registry ${source.host} --namespace ${namespace} --vendor-assets --sign --key release.key`,
  );

  await check(
    { needs: ['oras'], does: 'oras cp -r between registries, then our verify and pull' },
    async () => {
      const copy = `${host}/${repository}:${version}`;
      await site.run(`oras cp -r --from-plain-http --to-plain-http ${original} ${copy}`);
      assert.ok(!(await tags(host, repository)).some((tag) => tag.endsWith('.sig')));
      assert.equal((await site.prov(`ext verify ${copy} --key release.pub`))['digest'], digest);
      await site.prov(`ext pull ${copy} --destination by-oras --key release.pub`);
      assert.deepEqual(readTree(site.path('by-oras')), expected);
    },
  );

  for (const cosign of ['cosign3', 'cosign2'] as const) {
    await check(
      { needs: [cosign], does: 'our ext copy to another registry, then cosign verify' },
      async () => {
        const copy = `${host}/ours/${cosign}/${name}:${version}`;
        await site.prov(`ext copy ${original} ${copy}`);
        const { stdout } = await site.run(`${cosign} ${VERIFY} release.pub ${copy}`);
        assert.equal(JSON.parse(stdout)[0].critical.image['docker-manifest-digest'], digest);
      },
    );
  }

  await check({ needs: ['cosign2'], does: 'cosign copy, then our verify of the mirrored name' }, async () => {
    const copy = `${host}/mirrored/${name}:${version}`;
    await site.run(`cosign2 copy --allow-http-registry ${original} ${copy}`);
    const refused = await site.provFails(`ext verify ${copy} --key release.pub`);
    assert.deepEqual([refused.code, refused.exit], ['TRUST_REFUSED', 6]);
    writePolicy(`mirrors: [{prefix: "${host}/mirrored", signedAs: "${source.host}/${namespace}"}]`);
    const verified = await site.prov(`ext verify ${copy} --policy policy.yaml`);
    assert.deepEqual([verified['digest'], verified['signer']], [digest, 'tester']);
  });

  await check(
    { needs: ['cosign3', 'cosign2'], does: 'our sign where cosign copy took the referrers tag' },
    async () => {
      const copy = `${host}/occupied/${name}:${version}`;
      await site.run(`cosign2 copy --allow-http-registry ${original} ${copy}`);
      const tag = digest.replace(':', '-');
      const occupied = await manifest(host, `occupied/${name}`, tag);
      assert.equal(occupied.artifactType, 'application/vnd.prov.extension.v1');
      await site.prov('key generate --output second');
      await site.prov(`ext sign ${copy} --key second.key`);
      await site.prov(`ext verify ${copy} --key second.pub`);
      for (const cosign of ['cosign3', 'cosign2'] as const)
        await site.run(`${cosign} ${VERIFY} second.pub ${copy}`);
    },
  );

  await check({ needs: ['crane'], does: 'crane tag under another version is refused' }, async () => {
    const copy = `${host}/retagged/${name}`;
    await site.prov(`ext copy ${original} ${copy}:${version}`);
    if (site.registry.name === 'prov') {
      const { stderr } = await site.fails(`crane --insecure tag ${copy}:${version} 9.9.9`);
      assert.match(stderr, /its version is 1\.2\.3 and its tag 9\.9\.9/);
    } else {
      await site.run(`crane --insecure tag ${copy}:${version} 9.9.9`);
      writePolicy(`mirrors: [{prefix: "${host}/retagged", signedAs: "${source.host}/${namespace}"}]`);
      await site.prov(`ext verify ${copy}:${version} --policy policy.yaml`);
      const refused = await site.provFails(`ext verify ${copy}:9.9.9 --policy policy.yaml`);
      assert.equal(refused.details['reason'], 'version-mismatch');
    }
  });

  await check(
    { needs: ['cosign3'], does: 'cosign attest by a trusted key is no signature to us' },
    async () => {
      const copy = `${host}/attested/${name}`;
      await site.prov(`ext push tree --registry ${host} --namespace attested --vendor-assets`);
      await site.run('cosign3 signing-config create --out services.json');
      await site.run('cosign3 trusted-root create --out root.json');
      writeFileSync(site.path('predicate.json'), '{}');
      await site.run(
        `cosign3 attest -y --key release.key --signing-config services.json --trusted-root root.json --allow-http-registry --type custom --predicate predicate.json ${copy}@${digest}`,
      );
      await site.run(`cosign3 ${VERIFY} release.pub ${copy}:${version}`);
      writePolicy('', 'digest');
      for (const by of ['--key release.pub', '--policy policy.yaml']) {
        const refused = await site.provFails(`ext verify ${copy}:${version} ${by}`);
        assert.equal(refused.code, 'TRUST_REFUSED');
      }
    },
  );

  await check({ needs: ['skopeo'], does: 'skopeo delete, then our pull finds nothing' }, async () => {
    const copy = `${host}/deleted/${name}:${version}`;
    await site.prov(`ext copy ${original} ${copy}`);
    await site.run(`skopeo delete --tls-verify=false docker://${copy}`);
    const gone = await site.provFails(`ext pull ${copy} --destination gone`);
    assert.deepEqual([gone.code, gone.exit], ['OCI_REFERENCE_NOT_FOUND', 5]);
  });

  function writePolicy(more: string, bind: 'strict' | 'digest' = 'strict'): void {
    writeFileSync(
      site.path('policy.yaml'),
      `apiVersion: prov.dev/trust/v1
version: 1
default: deny
keys: {release: {pem: ./release.pub}}
principals: {tester: {keys: [release]}}
rules:
  - id: interop
    match: {repository: "**"}
    require: [{signature: {by: tester}}]
    bind: ${bind}
${more}
`,
    );
  }
});
