import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { EXTENSION, readTree, sha256, writeExtension } from './extension-tree.js';
import { type CommandLine, onBothRegistries } from './on-both-registries.js';
import { type ManifestDocument, manifest } from './registry-content.js';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const { namespace, name, repository, version, kind } = EXTENSION;

onBothRegistries('oras', async (site, check) => {
  const { host } = site.registry;
  const reference = `${host}/${repository}:${version}`;
  const expected = readTree(writeExtension(site.path('tree'), { asset: true }));
  await site.prov('key generate --output release');
  const { digest } = await site.prov(
    `ext push tree --registry ${host} --namespace ${namespace} --vendor-assets --sign --key release.key`,
  );

  await check({ needs: ['oras'], does: 'our push, then oras pull restores the directory' }, async () => {
    const { stdout } = await site.run(`oras pull --plain-http --format json -o pulled ${reference}`);
    assert.equal(JSON.parse(stdout).reference, `${host}/${repository}@${digest}`);
    const below = Object.entries(expected).map(([path, value]) => [`${name}/${path}`, value]);
    assert.deepEqual(readTree(site.path('pulled')), Object.fromEntries(below));
  });

  await check({ needs: ['oras'], does: 'our signature is what oras discover shows' }, async () => {
    const { stdout } = await site.run(`oras discover --plain-http --format json ${reference}`);
    const { referrers } = JSON.parse(stdout);
    assert.equal(referrers.length, 1, stdout);
    assert.equal(referrers[0].artifactType, BUNDLE);
    assert.equal(referrers[0].annotations['dev.sigstore.bundle.content'], 'dsse-envelope');
    const fetched = await site.run(
      `oras manifest fetch --plain-http ${host}/${repository}@${referrers[0].digest}`,
    );
    assert.equal(`sha256:${sha256(fetched.stdout)}`, referrers[0].digest);
    assert.equal((JSON.parse(fetched.stdout) as ManifestDocument).subject?.digest, digest);
  });

  await check({ needs: ['oras'], does: 'oras resolve, repo tags and repo ls find our push' }, async () => {
    assert.equal((await site.run(`oras resolve --plain-http ${reference}`)).stdout.trim(), digest);
    const tags = await site.run(`oras repo tags --plain-http ${host}/${repository}`);
    assert.ok(tags.stdout.split('\n').includes(version), tags.stdout);
    const repositories = await site.run(`oras repo ls --plain-http ${host}`);
    assert.ok(repositories.stdout.split('\n').includes(repository), repositories.stdout);
  });

  await check({ needs: ['oras'], does: 'oras cp -r to a layout, then our verify and pull' }, async () => {
    const target = `${repository}:${version}`;
    await site.run(`oras cp -r --from-plain-http ${reference} --to-oci-layout-path layout ${target}`);
    const copy = `oci-layout:layout#${target}`;
    const verified = await site.prov(`ext verify ${copy} --key release.pub`);
    assert.deepEqual([verified['digest'], verified['version']], [digest, version]);
    await site.prov(`ext pull ${copy} --destination from-layout --key release.pub`);
    assert.deepEqual(readTree(site.path('from-layout')), expected);
  });

  await check(
    { needs: ['oras'], does: 'oras cp -r to a layout with a bare tag, our verify by name' },
    async () => {
      await site.run(`oras cp -r --from-plain-http ${reference} --to-oci-layout bare:${version}`);
      assert.equal((await site.prov('ext inspect oci-layout:bare'))['digest'], digest);
      const nameless = await site.provFails('ext verify oci-layout:bare --key release.pub');
      assert.deepEqual([nameless.code, nameless.exit], ['SCHEMAS_REFERENCE_INVALID', 2]);
      assert.match(nameless.message, /#namespace\/name:version/);
      const named = `oci-layout:bare#${repository}:${version}`;
      assert.equal((await site.prov(`ext verify ${named} --key release.pub`))['digest'], digest);
      const stranger = await site.provFails(
        `ext verify oci-layout:bare#other/${name}:${version} --key release.pub`,
      );
      assert.equal(stranger.details['reason'], 'signed-namespace-mismatch');
    },
  );

  await check({ needs: ['oras'], does: 'oras push of a directory, then our inspect and pull' }, async () => {
    const target = `${host}/from-oras/${name}:${version}`;
    await site.run(await orasPush(target));
    const inspected = await site.prov(`ext inspect ${target}`);
    assert.deepEqual([inspected['name'], inspected['version'], inspected['type']], [name, version, kind]);
    const pulled = await site.prov(`ext pull ${target} --destination from-oras`);
    assert.equal(pulled['digest'], inspected['digest']);
    assert.deepEqual(readTree(site.path('from-oras')), expected);
  });

  await check({ needs: ['oras'], does: 'oras push with a false version annotation is refused' }, async () => {
    const target = `${host}/from-liar/${name}:${version}`;
    const push = await orasPush(target, { 'org.opencontainers.image.version': '9.9.9' });
    if (site.registry.name === 'prov') {
      assert.match((await site.fails(push)).stderr, /annotation/i);
    } else {
      await site.run(push);
      const failure = await site.provFails(`ext pull ${target} --destination lie`);
      assert.match(failure.code, /^OCI_ANNOTATION/);
    }
  });

  await check({ needs: ['oras'], does: 'oras attach of an SBOM, then our discover and verify' }, async () => {
    writeFileSync(site.path('sbom.json'), '{"spdxVersion":"SPDX-2.3"}');
    const { stdout } = await site.run(
      `oras attach --plain-http --format json --artifact-type application/spdx+json ${reference} sbom.json:application/spdx+json`,
    );
    const { referrers } = await site.prov<{ referrers: { digest: string; artifactType: string }[] }>(
      `ext discover ${reference}`,
    );
    const found = new Map(referrers.map(({ artifactType, digest }) => [artifactType, digest]));
    assert.deepEqual([...found.keys()].sort(), ['application/spdx+json', BUNDLE]);
    assert.equal(found.get('application/spdx+json'), JSON.parse(stdout).digest);
    await site.prov(`ext verify ${reference} --key release.pub`);
  });

  /** The command that pushes the same extension as an ORAS user would: our config and annotations, their archive. */
  async function orasPush(target: string, lies: Record<string, string> = {}): Promise<CommandLine> {
    const { config, annotations } = await manifest(host, repository, version);
    await site.run(`oras blob fetch --plain-http -o config.json ${host}/${repository}@${config!.digest}`);
    const { 'dev.prov.vendored': _vendored, ...rest } = annotations!;
    writeFileSync(site.path('annotations.json'), JSON.stringify({ $manifest: { ...rest, ...lies } }));
    cpSync(site.path('tree'), site.path(name), { recursive: true });
    return `oras push --plain-http ${target} --artifact-type application/vnd.prov.extension.v1 --annotation-file annotations.json --config config.json:application/vnd.prov.extension.config.v1+json ${name}:application/vnd.oci.image.layer.v1.tar+gzip`;
  }
});
