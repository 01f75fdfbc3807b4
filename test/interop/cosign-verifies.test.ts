import assert from 'node:assert/strict';
import { EXTENSION, writeExtension } from './extension-tree.js';
import { onBothRegistries } from './on-both-registries.js';
import { manifest, request, tags } from './registry-content.js';

const { namespace, name, repository, version, kind } = EXTENSION;
const ALGORITHMS = ['ecdsa-p256', 'ed25519', 'rsa', 'ecdsa-p384'] as const;
/** What cosign says it read: a statement in a bundle, or the payload of the `.sig` tag. */
const READ = {
  cosign3: 'https://sigstore.dev/cosign/sign/v1',
  cosign2: 'cosign container image signature',
} as const;

onBothRegistries('cosign verifies our signatures', async (site, check) => {
  const { host } = site.registry;
  const reference = `${host}/${repository}:${version}`;
  writeExtension(site.path('tree'));
  for (const algorithm of ALGORITHMS)
    await site.prov(`key generate --algorithm ${algorithm} --output ${algorithm}`);
  await site.prov('key generate --output stranger');
  const { digest } = await site.prov<{ digest: string }>(
    `ext push tree --registry ${host} --namespace ${namespace} --sign --key ecdsa-p256.key`,
  );
  const verify = 'verify --insecure-ignore-tlog --allow-http-registry --key';

  for (const cosign of ['cosign3', 'cosign2'] as const) {
    const what = cosign === 'cosign3' ? 'bundle' : '.sig tag';

    await check({ needs: [cosign], does: `our push, then cosign verify of the ${what}` }, async () => {
      const { stdout } = await site.run(`${cosign} ${verify} ecdsa-p256.pub ${reference}`);
      const [claim, ...others] = JSON.parse(stdout);
      assert.equal(others.length, 0, stdout);
      assert.equal(claim.critical.type, READ[cosign]);
      assert.equal(claim.critical.image['docker-manifest-digest'], digest);
      const { 'dev.prov.published-at': published, ...claims } = claim.optional;
      assert.ok(Math.abs(Date.parse(published) - Date.now()) < 600_000, published);
      assert.deepEqual(claims, {
        'dev.prov.name': name,
        'dev.prov.version': version,
        'dev.prov.kind': kind,
      });
    });

    await check(
      { needs: [cosign], does: `cosign verify -a accepts our version, refuses another` },
      async () => {
        const by = `${cosign} ${verify} ecdsa-p256.pub` as const;
        await site.run(`${by} -a dev.prov.name=${name} -a dev.prov.version=${version} ${reference}`);
        const { stderr } = await site.fails(`${by} -a dev.prov.version=9.9.9 ${reference}`);
        assert.match(stderr, /missing or incorrect annotation/);
      },
    );

    await check(
      { needs: [cosign], does: `cosign verify refuses another key, and what is unsigned` },
      async () => {
        const { stderr } = await site.fails(`${cosign} ${verify} stranger.pub ${reference}`);
        assert.match(stderr, /no matching signatures|no signatures found|failed to verify|not verified/i);
        await site.prov(`ext push tree --registry ${host} --namespace unsigned`);
        const unsigned = await site.fails(
          `${cosign} ${verify} ecdsa-p256.pub ${host}/unsigned/${name}:${version}`,
        );
        assert.match(unsigned.stderr, /no signatures found|no matching/);
      },
    );
  }

  if (site.registry.name === 'docker-registry') {
    await check(
      { needs: ['cosign3'], does: 'bundle found by the referrers tag, with its type' },
      async () => {
        const tag = digest.replace(':', '-');
        assert.deepEqual(await tags(host, repository), [version, tag, `${tag}.sig`]);
        const [entry, ...others] = (await manifest(host, repository, tag)).manifests!;
        assert.equal(others.length, 0);
        assert.equal(entry!.artifactType, 'application/vnd.dev.sigstore.bundle.v0.3+json');
        assert.equal(entry!.annotations!['dev.sigstore.bundle.predicateType'], READ.cosign3);
        assert.equal((await request(host, `/v2/${repository}/referrers/${digest}`)).status, 404);
        await site.prov(`ext verify ${reference} --key ecdsa-p256.pub`);
        await site.run(`cosign3 ${verify} ecdsa-p256.pub ${reference}`);
      },
    );
  } else {
    await check(
      { needs: ['cosign3'], does: 'bundle found by the referrers API, without a tag' },
      async () => {
        assert.deepEqual(await tags(host, repository), [version, `${digest.replace(':', '-')}.sig`]);
        const { status, body } = await request(host, `/v2/${repository}/referrers/${digest}`);
        assert.equal(status, 200);
        assert.equal(JSON.parse(body.toString()).manifests.length, 1);
        await site.run(`cosign3 ${verify} ecdsa-p256.pub ${reference}`);
      },
    );
  }

  await check(
    { needs: ['cosign3', 'cosign2'], does: 'all kinds of keys of ours beside each other' },
    async () => {
      for (const algorithm of ALGORITHMS.slice(1))
        await site.prov(`ext sign ${reference} --key ${algorithm}.key`);
      for (const algorithm of ALGORITHMS) {
        for (const cosign of ['cosign3', 'cosign2'] as const) {
          const { stdout } = await site.run(`${cosign} ${verify} ${algorithm}.pub ${reference}`);
          const claims = JSON.parse(stdout);
          assert.deepEqual([claims.length, claims[0].critical.type], [1, READ[cosign]], stdout);
        }
        const verified = await site.prov<{ digest: string }>(
          `ext verify ${reference} --key ${algorithm}.pub`,
        );
        assert.equal(verified.digest, digest);
      }
    },
  );
});
