import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { EXTENSION, noise, readTree, sha256, writeExtension } from './extension-tree.js';
import { onBothRegistries } from './on-both-registries.js';
import { manifest, manifestBytes } from './registry-content.js';

const { namespace, name, repository, version } = EXTENSION;
const SBOM = 'application/spdx+json';
const NEXT = '1.3.0';
const INDEX = 'application/vnd.oci.image.index.v1+json';

interface Discovered {
  readonly referrers: readonly { readonly digest: string; readonly artifactType: string }[];
}

onBothRegistries('layouts and plain artifacts', async (site, check) => {
  const { host } = site.registry;
  const reference = `${host}/${repository}:${version}`;
  const next = `${host}/${repository}:${NEXT}`;
  const expected = readTree(writeExtension(site.path('tree')));
  writeExtension(site.path('next'), { version: NEXT });
  const push = `--registry ${host} --namespace ${namespace} --sign --key release.key`;
  await site.prov('key generate --output release');
  const { digest } = await site.prov(`ext push tree ${push}`);
  const { digest: nextDigest } = await site.prov(`ext push next ${push}`);
  const sbom = Buffer.from('{"spdxVersion":"SPDX-2.3"}');
  writeFileSync(site.path('bom.spdx.json'), sbom);
  await site.prov(`ext attach ${reference} bom.spdx.json --artifact-type ${SBOM}`);
  await site.prov(`ext export ${reference} ${next} --output ours.tar`);
  await site.prov(`ext export ${reference} ${next} --output ours`);
  const copy = 'skopeo --insecure-policy copy --src-tls-verify=false --dest-tls-verify=false' as const;

  await check({ needs: ['oras'], does: 'our exported tar: tags, pull, signature and SBOM' }, async () => {
    const { stdout } = await site.run('oras repo tags --oci-layout ours.tar');
    const tags = stdout
      .trim()
      .split('\n')
      .filter((tag) => !tag.endsWith('.sig'));
    assert.deepEqual(tags.sort(), [version, NEXT]);
    await site.run(`oras pull --oci-layout ours.tar:${version} -o by-oras`);
    assert.deepEqual(readTree(site.path('by-oras', name)), expected);
    const found = await site.run(`oras discover --format json --oci-layout ours.tar:${version}`);
    const types = (JSON.parse(found.stdout) as Discovered).referrers.map(({ artifactType }) => artifactType);
    assert.deepEqual(types.sort(), ['application/vnd.dev.sigstore.bundle.v0.3+json', SBOM].sort());
  });

  await check({ needs: ['oras'], does: 'our exported directory restored by oras, our verify' }, async () => {
    const target = `${host}/restored/${name}`;
    await site.run(`oras restore --plain-http --input ours ${target}:${version}`);
    const pulled = await site.prov(`ext pull ${target}:${version} --destination restored`);
    assert.equal(pulled['digest'], digest);
    assert.deepEqual(readTree(site.path('restored')), expected);
  });

  await check(
    { needs: ['skopeo'], does: 'our exported tar as oci-archive, our pull of its copy' },
    async () => {
      const target = `${host}/by-skopeo/${name}:${NEXT}`;
      await site.run(`${copy} oci-archive:ours.tar:${NEXT} docker://${target}`);
      assert.equal((await site.prov(`ext pull ${target} --destination by-skopeo`))['digest'], nextDigest);
    },
  );

  // Our registry refuses an index that calls itself one extension and holds two.
  if (site.registry.name === 'docker-registry') {
    await check({ needs: ['crane'], does: 'our exported directory pushed as an index' }, async () => {
      await site.run(`crane --insecure push --index ours ${host}/by-crane/all:one`);
      const { stdout } = await site.run(`crane --insecure manifest ${host}/by-crane/all@${digest}`);
      assert.equal(`sha256:${sha256(stdout)}`, digest);
    });
  }

  await check({ needs: ['skopeo'], does: 'an oci-archive of skopeo, our import and pull' }, async () => {
    await site.run(`${copy} docker://${reference} oci-archive:skopeo.tar:${version}`);
    await site.prov(`ext import skopeo.tar --to ${host} --repository from-skopeo/${name}`);
    const target = `${host}/from-skopeo/${name}:${version}`;
    assert.equal(`sha256:${sha256(await manifestBytes(host, `from-skopeo/${name}`, version))}`, digest);
    await site.prov(`ext pull ${target} --destination from-skopeo`);
    assert.deepEqual(readTree(site.path('from-skopeo')), expected);
  });

  await check(
    { needs: ['oras'], does: 'a backup of oras with referrers, our import and verify' },
    async () => {
      await site.run(
        `oras backup --plain-http --include-referrers --output backup.tar ${host}/${repository}`,
      );
      await site.prov(`ext import backup.tar --to ${host} --repository ${namespace}/backup/${name}`);
      const target = `${host}/${namespace}/backup/${name}:${version}`;
      const { referrers } = await site.prov<Discovered & Record<string, unknown>>(`ext discover ${target}`);
      assert.ok(referrers.some(({ artifactType }) => artifactType === SBOM));
      await site.prov(`ext pull ${target} --destination from-backup`);
      assert.deepEqual(readTree(site.path('from-backup')), expected);
    },
  );

  await check({ needs: ['crane'], does: 'a layout of crane, our import and pull' }, async () => {
    await site.run(`crane --insecure pull --format oci --annotate-ref ${reference} crane-layout`);
    await site.prov(`ext import crane-layout --to ${host} --namespace from-crane`);
    const target = `${host}/from-crane/${name}:${version}`;
    assert.equal((await site.prov(`ext pull ${target} --destination from-crane`))['digest'], digest);
  });

  await check({ needs: ['oras'], does: 'files and a directory pushed by oras, our pull --any' }, async () => {
    mkdirSync(site.path('theirs', 'conf'), { recursive: true });
    writeFileSync(site.path('theirs', 'conf', 'a.ini'), 'a = 1\n');
    writeFileSync(site.path('big.bin'), noise(300_000, 'big'));
    writeFileSync(site.path('note.txt'), 'a note\n');
    const target = `${host}/plain/files:one`;
    await site.run(
      `oras push --plain-http --artifact-type application/vnd.example ${target} note.txt:text/plain big.bin theirs`,
    );
    await site.prov(`ext pull ${target} --any --destination any`);
    await site.run(`oras pull --plain-http ${target} -o any-oras`);
    assert.deepEqual(readTree(site.path('any')), readTree(site.path('any-oras')));
    assert.equal(readFileSync(site.path('any', 'note.txt'), 'utf8'), 'a note\n');
    assert.ok(readdirSync(site.path('any', 'theirs', 'conf')).includes('a.ini'));
  });

  await check({ needs: ['oras'], does: 'a file attached by us, pulled by oras' }, async () => {
    const { referrers } = await site.prov<Discovered & Record<string, unknown>>(`ext discover ${reference}`);
    const attached = referrers.find(({ artifactType }) => artifactType === SBOM)!;
    await site.run(`oras pull --plain-http ${host}/${repository}@${attached.digest} -o attached`);
    assert.deepEqual(readFileSync(site.path('attached', 'bom.spdx.json')), sbom);
  });

  await check(
    { needs: ['oras'], does: 'an image index of two platforms, our pull of this one' },
    async () => {
      const target = `${host}/${namespace}/both/${name}`;
      await site.run(`oras cp --from-plain-http --to-plain-http ${reference} ${target}:child`);
      const { annotations } = await manifest(host, repository, version);
      const mediaType = 'application/vnd.oci.image.manifest.v1+json';
      const size = (await manifestBytes(host, repository, version)).length;
      const child = { mediaType, digest, size, artifactType: 'application/vnd.prov.extension.platform.v1' };
      const architecture = { x64: 'amd64' }[process.arch as string] ?? process.arch;
      const index = {
        schemaVersion: 2,
        mediaType: INDEX,
        artifactType: 'application/vnd.prov.extension.v1',
        manifests: [
          { ...child, platform: { os: 'plan9', architecture: 'mips' } },
          { ...child, platform: { os: process.platform, architecture } },
        ],
        annotations,
      };
      writeFileSync(site.path('index.json'), JSON.stringify(index));
      await site.run(`oras manifest push --plain-http --media-type ${INDEX} ${target}:${version} index.json`);
      const pulled = await site.prov(`ext pull ${target}:${version} --destination by-index`);
      assert.equal(pulled['digest'], `sha256:${sha256(readFileSync(site.path('index.json')))}`);
      assert.deepEqual(readTree(site.path('by-index')), expected);
      await site.prov(`ext copy ${target}:${version} oci-layout:indexed#x/${name}:${version}`);
      const { stdout } = await site.run(`oras manifest fetch --oci-layout-path indexed x/${name}:${version}`);
      assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(index)));
      await site.run(
        `oras pull --oci-layout-path indexed --platform plan9/mips -o plan9 x/${name}:${version}`,
      );
      assert.deepEqual(readTree(site.path('plan9', name)), expected);
    },
  );
});
