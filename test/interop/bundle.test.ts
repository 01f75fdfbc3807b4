import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { readTree, sha256, writeExtension } from './extension-tree.js';
import { onBothRegistries } from './on-both-registries.js';
import { manifest } from './registry-content.js';

const NAMESPACE = 'team/site';
const APP = `${NAMESPACE}/app`;
const VERSION = '1.2.3';

onBothRegistries('the bundle of a mirror', async (site, check) => {
  const { host } = site.registry;
  const near = await site.another();
  writeExtension(site.path('library'), { name: 'library' });
  const expected = readTree(
    writeExtension(site.path('app'), { name: 'app', dependencies: { library: '^1.0.0' }, asset: true }),
  );
  const digests = new Map<string, string>();
  await site.prov('key generate --output release');
  for (const name of ['library', 'app']) {
    const { digest } = await site.prov<{ digest: string }>(
      `ext push ${name} --registry ${near.host} --namespace ${NAMESPACE} --vendor-assets --sign --key release.key`,
    );
    digests.set(name, digest);
  }
  const workspace = (directory: string, registry: string) =>
    site.prov(
      `workspace init ${directory} --name shop --registry main=${registry}/${NAMESPACE} --require taskserv/app@^1 --trust-key release.pub --server one=app`,
    );
  await workspace('near', near.host);
  await site.prov('dep resolve -w near');
  await site.prov('mirror export --lock near/prov.lock --output bundle.tar');
  await near.stop();
  const digest = digests.get('app')!;
  const reference = `${host}/${APP}:${VERSION}`;

  await check(
    { needs: ['skopeo'], does: 'reads the bundle as oci-archive, copies it, our pull' },
    async () => {
      const { stdout } = await site.run(`skopeo inspect --raw oci-archive:bundle.tar:${APP}:${VERSION}`);
      assert.equal(`sha256:${sha256(stdout)}`, digest);
      const target = `${host}/from-archive/app:${VERSION}`;
      await site.run(
        `skopeo --insecure-policy copy --dest-tls-verify=false oci-archive:bundle.tar:${APP}:${VERSION} docker://${target}`,
      );
      const pulled = await site.prov(`ext pull ${target} --destination from-archive`);
      assert.equal(pulled['digest'], digest);
      assert.deepEqual(readTree(site.path('from-archive')), expected);
    },
  );

  await check({ needs: ['oras'], does: 'reads the bundle as a layout: tags, pull, referrers' }, async () => {
    const tags = await site.run('oras repo tags --oci-layout bundle.tar');
    for (const name of ['app', 'library'])
      assert.ok(tags.stdout.split('\n').includes(`${NAMESPACE}/${name}:${VERSION}`), tags.stdout);
    await site.run(`oras pull --oci-layout-path bundle.tar -o by-oras ${APP}:${VERSION}`);
    assert.deepEqual(readTree(site.path('by-oras', 'app')), expected);
    const { stdout } = await site.run(
      `oras discover --format json --oci-layout-path bundle.tar ${APP}:${VERSION}`,
    );
    assert.deepEqual(
      JSON.parse(stdout).referrers.map(({ artifactType }: { artifactType: string }) => artifactType),
      ['application/vnd.dev.sigstore.bundle.v0.3+json'],
    );
  });

  if (site.registry.name === 'docker-registry') {
    await check({ needs: ['crane'], does: 'pushes the unpacked bundle as one index' }, async () => {
      mkdirSync(site.path('unpacked'));
      execFileSync('tar', ['-xf', site.path('bundle.tar'), '-C', site.path('unpacked')]);
      await site.run(`crane --insecure push --index unpacked ${host}/whole/bundle:one`);
      const { stdout } = await site.run(`crane --insecure manifest ${host}/whole/bundle:one`);
      assert.equal(sha256(stdout), sha256(readFileSync(site.path('unpacked', 'index.json'))));
      await site.run(`crane --insecure manifest ${host}/whole/bundle@${digest}`);
    });
  }

  await check({ needs: [], does: 'our import, then install with the same lock' }, async () => {
    await site.prov(`mirror import bundle.tar --to ${host} --key release.pub`);
    await workspace('far', host);
    copyFileSync(site.path('near', 'prov.lock'), site.path('far', 'prov.lock'));
    await site.prov('dep resolve --locked -w far');
    assert.deepEqual(
      readFileSync(site.path('far', 'prov.lock')),
      readFileSync(site.path('near', 'prov.lock')),
    );
    const modules = site.path('far', '.cache', 'modules', 'taskservs');
    const installed = `app@${VERSION}-${digest.slice('sha256:'.length).slice(0, 12)}`;
    assert.ok(readdirSync(modules).includes(installed), readdirSync(modules).join(', '));
    assert.deepEqual(readTree(`${modules}/${installed}`), expected);
    assert.equal((await site.prov(`ext verify ${reference} --key release.pub`))['digest'], digest);
  });

  for (const cosign of ['cosign3', 'cosign2'] as const) {
    await check({ needs: [cosign], does: 'our import, then cosign verify of every extension' }, async () => {
      for (const [name, signed] of digests) {
        const { stdout } = await site.run(
          `${cosign} verify --insecure-ignore-tlog --allow-http-registry --key release.pub -a dev.prov.name=${name} ${host}/${NAMESPACE}/${name}:${VERSION}`,
        );
        const [claim] = JSON.parse(stdout);
        assert.equal(claim.critical.image['docker-manifest-digest'], signed);
      }
    });
  }

  await check({ needs: ['oras'], does: 'our import, then oras pull' }, async () => {
    await site.run(`oras pull --plain-http -o imported ${reference}`);
    assert.deepEqual(readTree(site.path('imported', 'app')), expected);
    assert.equal((await manifest(host, APP, VERSION)).layers!.length, 2);
  });
});
