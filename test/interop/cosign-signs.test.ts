import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { EXTENSION, readTree, writeExtension } from './extension-tree.js';
import { type CommandLine, onBothRegistries } from './on-both-registries.js';

const { name, version, kind } = EXTENSION;
const COSIGNS = ['cosign3', 'cosign2'] as const;
type Cosign = (typeof COSIGNS)[number];

interface Verified {
  readonly digest: string;
  readonly signer: string;
  readonly rule: string;
}

onBothRegistries('cosign signs', async (site, check) => {
  const { host } = site.registry;
  const expected = readTree(writeExtension(site.path('tree')));
  await site.prov('key generate --output ours');
  const verify = 'verify --insecure-ignore-tlog --allow-http-registry --key';

  for (const cosign of COSIGNS) {
    const what = cosign === 'cosign3' ? 'bundle' : '.sig tag';
    const reference = (namespace: string) => `${host}/${cosign}/${namespace}/${name}:${version}`;
    const unsigned = async (namespace: string) =>
      (
        await site.prov<{ digest: string }>(
          `ext push tree --registry ${host} --namespace ${cosign}/${namespace}`,
        )
      ).digest;

    await check({ needs: [cosign], does: `cosign's key and ${what}, then our verify and pull` }, async () => {
      await prepare(cosign);
      const digest = await unsigned('plain');
      await site.run(sign(cosign, `${cosign}.key`, reference('plain'), digest));
      const refused = await site.provFails(`ext verify ${reference('plain')} --key ${cosign}.pub`);
      assert.equal(refused.code, 'TRUST_REFUSED');
      assert.equal(refused.details['reason'], 'binding-missing');
      writePolicy(cosign, 'strict');
      assert.equal(
        (await site.provFails(`ext verify ${reference('plain')} --policy policy.yaml`)).details['reason'],
        'binding-missing',
      );
      writePolicy(cosign, 'digest');
      const verified = await site.prov<Verified>(`ext verify ${reference('plain')} --policy policy.yaml`);
      assert.deepEqual([verified.digest, verified.signer, verified.rule], [digest, 'tester', 'interop']);
      await site.prov(`ext pull ${reference('plain')} --destination plain-${cosign}`);
      assert.deepEqual(readTree(site.path(`plain-${cosign}`)), expected);
    });

    await check({ needs: [cosign], does: `our key in cosign sign, cosign's key in ours` }, async () => {
      await prepare(cosign);
      const digest = await unsigned('keys');
      await site.run(sign(cosign, 'ours.key', reference('keys'), digest));
      await site.run(`${cosign} ${verify} ours.pub ${reference('keys')}`);
      await site.prov(`ext sign ${reference('keys')} --key ${cosign}.key`);
      const verified = await site.prov<Verified>(`ext verify ${reference('keys')} --key ${cosign}.pub`);
      assert.equal(verified.digest, digest);
      const claims = await site.run(
        `${cosign} ${verify} ${cosign}.pub -a dev.prov.version=${version} ${reference('keys')}`,
      );
      assert.equal(JSON.parse(claims.stdout).length, 1, claims.stdout);
    });

    await check({ needs: [cosign], does: `signatures of cosign and of ours keep each other` }, async () => {
      await prepare(cosign);
      const digest = await unsigned('both');
      await site.prov(`ext sign ${reference('both')} --key ours.key`);
      await site.run(sign(cosign, `${cosign}.key`, reference('both'), digest));
      await site.prov('key generate --if-missing --output later');
      await site.prov(`ext sign ${reference('both')} --key later.key`);
      for (const key of ['ours', cosign, 'later'])
        await site.run(`${cosign} ${verify} ${key}.pub ${reference('both')}`);
      for (const key of ['ours', 'later'])
        await site.prov(`ext verify ${reference('both')} --key ${key}.pub`);
      writePolicy(cosign, 'digest');
      await site.prov(`ext verify ${reference('both')} --policy policy.yaml`);
    });
  }

  await check(
    { needs: ['cosign2'], does: 'cosign sign with our names and identity binds strictly' },
    async () => {
      await prepare('cosign2');
      const { digest } = await site.prov<{ digest: string }>(
        `ext push tree --registry ${host} --namespace bound`,
      );
      const reference = `${host}/bound/${name}:${version}`;
      const names = `-a dev.prov.name=${name} -a dev.prov.version=${version} -a dev.prov.kind=${kind}`;
      await site.run(
        sign('cosign2', `cosign2.key ${names} --sign-container-identity ${reference}`, reference, digest),
      );
      assert.equal((await site.prov<Verified>(`ext verify ${reference} --key cosign2.pub`)).digest, digest);
    },
  );

  /** A key pair of cosign's own; for cosign 3 also configurations that name no service, so that it asks none. */
  async function prepare(cosign: Cosign): Promise<void> {
    if (existsSync(site.path(`${cosign}.key`))) return;
    await site.run(`${cosign} generate-key-pair --output-key-prefix ${cosign}`);
    if (cosign === 'cosign2') return;
    await site.run('cosign3 signing-config create --out services.json');
    await site.run('cosign3 trusted-root create --out root.json');
  }

  function sign(cosign: Cosign, key: string, reference: string, digest: string): CommandLine {
    const offline =
      cosign === 'cosign3'
        ? '--signing-config services.json --trusted-root root.json'
        : '--tlog-upload=false';
    const target = reference.replace(`:${version}`, `@${digest}`);
    return `${cosign} sign -y ${offline} --allow-http-registry --key ${key} ${target}`;
  }

  function writePolicy(cosign: Cosign, bind: 'strict' | 'digest'): void {
    writeFileSync(
      site.path('policy.yaml'),
      `apiVersion: prov.dev/trust/v1
version: 1
default: deny
keys: {cosign: {pem: ./${cosign}.pub}}
principals: {tester: {keys: [cosign]}}
rules:
  - id: interop
    match: {repository: "${cosign}/**"}
    require: [{signature: {by: tester}}]
    bind: ${bind}
`,
    );
  }
});
