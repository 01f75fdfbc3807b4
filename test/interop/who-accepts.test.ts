import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { findProgram, type ProgramName, programVersion } from '../support/programs.js';
import { EXTENSION, writeExtension } from './extension-tree.js';
import { type CommandLine, openSite, type Site } from './on-both-registries.js';
import { type Answer, ends, type Judge, VERIFIERS } from './verifiers.js';

const { namespace, name, repository, version } = EXTENSION;
const ALGORITHMS = ['ecdsa-p256', 'ed25519', 'rsa', 'ecdsa-p384'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

/** cosign 3.1.1 makes Ed25519ph and SHA-384 signatures that it then does not verify. Ours are golden vectors of them. */
const CANNOT: readonly string[] = ['cosign3 ed25519', 'cosign3 ecdsa-p384'];

/**
 * Who accepts what, with the real programs. What we sign, everybody must accept, with every kind of key; what cosign
 * signs, we must accept, with every kind of key. What the others make of cosign's own signatures is only told.
 */
test('who accepts whose signatures', { timeout: 600_000 }, async (t) => {
  const site = (await openSite(t, 'prov'))!;
  writeExtension(site.path('tree'));
  await site.prov('key generate --output stranger');
  for (const algorithm of ALGORITHMS)
    await site.prov(`key generate --algorithm ${algorithm} --output ${algorithm}`);
  if (findProgram('cosign3')) {
    await site.run('cosign3 signing-config create --out services.json');
    await site.run('cosign3 trusted-root create --out root.json');
  }
  const rows: string[] = [];
  for (const signer of ['prov', 'cosign3', 'cosign2'] as const) {
    if (signer !== 'prov' && findProgram(signer) === undefined) {
      t.diagnostic(`skipped, no ${signer}`);
      continue;
    }
    for (const algorithm of ALGORITHMS) {
      const reference = await signedBy(site, signer, algorithm);
      if (reference === undefined) {
        // cosign verifies what it signed and stops when it cannot: its own defaults differ for this key.
        rows.push(`| ${signer} | ${algorithm} | ${Object.keys(VERIFIERS).fill('cannot sign').join(' | ')} |`);
        continue;
      }
      const answers = new Map<string, string>();
      for (const [verifier, { needs, judge }] of Object.entries(VERIFIERS))
        await t.test(`${signer} signs with ${algorithm}, ${verifier} verifies`, async (subtest) => {
          answers.set(verifier, await judged(subtest, { site, reference, algorithm, needs, judge }));
          const owed = signer === 'prov' || verifier === 'prov';
          if (owed && answers.get(verifier) !== 'absent') assert.equal(answers.get(verifier), 'accepts');
        });
      rows.push(`| ${signer} | ${algorithm} | ${[...answers.values()].join(' | ')} |`);
    }
  }
  const versions = Object.entries(VERIFIERS).map(([verifier, { needs }]) =>
    needs === undefined || findProgram(needs) === undefined
      ? verifier
      : `${verifier} ${programVersion(needs).trim()}`,
  );
  for (const row of [
    `| signed by | key | ${versions.join(' | ')} |`,
    `|---|---|${'---|'.repeat(versions.length)}`,
    ...rows,
  ])
    t.diagnostic(`table: ${row}`);
});

async function judged(
  t: TestContext,
  {
    site,
    reference,
    algorithm,
    needs,
    judge,
  }: {
    readonly site: Site;
    readonly reference: string;
    readonly algorithm: Algorithm;
    readonly needs: ProgramName | undefined;
    readonly judge: Judge;
  },
): Promise<Answer | 'absent'> {
  if (needs !== undefined && findProgram(needs) === undefined) {
    t.skip(`${needs} not present: node scripts/interop-tools.mjs`);
    return 'absent';
  }
  const answer = await judge(site, reference, algorithm);
  assert.equal(await judge(site, reference, 'stranger'), 'refuses', 'another key');
  return answer;
}

/** The extension pushed to a place of its own and signed there by one program with one key. */
async function signedBy(
  site: Site,
  signer: 'prov' | 'cosign3' | 'cosign2',
  algorithm: Algorithm,
): Promise<string | undefined> {
  const { host } = site.registry;
  const place = `${signer}/${algorithm}/${namespace}`;
  const signing = signer === 'prov' ? ` --sign --key ${algorithm}.key` : '';
  const { digest } = await site.prov<{ digest: string }>(
    `ext push tree --registry ${host} --namespace ${place}${signing}`,
  );
  if (signer !== 'prov') {
    const offline =
      signer === 'cosign3'
        ? '--signing-config services.json --trusted-root root.json'
        : '--tlog-upload=false';
    const line: CommandLine = `${signer} sign -y ${offline} --allow-http-registry --key ${algorithm}.key ${host}/${place}/${name}@${digest}`;
    if (!(await ends(() => site.run(line)))) {
      assert.ok(CANNOT.includes(`${signer} ${algorithm}`), `${signer} does not sign with ${algorithm}`);
      return undefined;
    }
  }
  assert.ok(`${place}/${name}`.endsWith(repository));
  return `${host}/${place}/${name}:${version}`;
}
