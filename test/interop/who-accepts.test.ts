import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { findProgram, type ProgramName, programVersion } from '../support/programs.js';
import { EXTENSION, writeExtension } from './extension-tree.js';
import { type CommandLine, openSite, type Site } from './on-both-registries.js';

const { namespace, name, repository, version } = EXTENSION;
const ALGORITHMS = ['ecdsa-p256', 'ed25519', 'rsa', 'ecdsa-p384'] as const;
type Algorithm = (typeof ALGORITHMS)[number];
const VERIFY = 'verify --insecure-ignore-tlog --allow-http-registry --key';

/** cosign 3.1.1 makes Ed25519ph and SHA-384 signatures that it then does not verify. Ours are golden vectors of them. */
const CANNOT: readonly string[] = ['cosign3 ed25519', 'cosign3 ecdsa-p384'];

type Answer = 'accepts' | 'refuses';
type Judge = (site: Site, reference: string, key: string) => Promise<Answer>;

/** Whoever says yes to a signature of this key must say no to another key, or the yes is worth nothing. */
const VERIFIERS: Readonly<Record<string, { readonly needs?: ProgramName; readonly judge: Judge }>> = {
  prov: {
    judge: async (site, reference, key) => {
      writeFileSync(site.path('policy.yaml'), policyFor(key));
      return (await ends(() => site.prov(`ext verify ${reference} --policy policy.yaml`)))
        ? 'accepts'
        : 'refuses';
    },
  },
  cosign3: { needs: 'cosign3', judge: cosign('cosign3') },
  cosign2: { needs: 'cosign2', judge: cosign('cosign2') },
  skopeo: {
    needs: 'skopeo-new',
    judge: async (site, reference, key) => {
      writeSkopeoPolicy(site, key);
      const out = `oci:copied-${key}-${Math.random().toString(36).slice(2)}:x`;
      const line: CommandLine = `skopeo-new --policy policy.json --registries.d registries.d copy --remove-signatures --src-tls-verify=false docker://${reference} ${out}`;
      return (await ends(() => site.run(line))) ? 'accepts' : 'refuses';
    },
  },
};

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

function cosign(program: 'cosign3' | 'cosign2'): Judge {
  return async (site, reference, key) =>
    (await ends(() => site.run(`${program} ${VERIFY} ${key}.pub ${reference}`))) ? 'accepts' : 'refuses';
}

async function ends(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch {
    return false;
  }
}

/** `bind: digest` takes statements that name nothing too, as plain cosign makes them. */
function policyFor(key: string): string {
  return `apiVersion: prov.dev/trust/v1
version: 1
keys: {signer: {pem: ./${key}.pub}}
principals: {signer: {keys: [signer]}}
rules: [{match: {repository: "**"}, require: [{signature: {by: signer}}], bind: digest}]
`;
}

/** skopeo's default identity: the signature must be for this repository and tag. @see containers-policy.json(5) */
function writeSkopeoPolicy(site: Site, key: string): void {
  const rule = { type: 'sigstoreSigned', keyPath: site.path(`${key}.pub`) };
  writeFileSync(
    site.path('policy.json'),
    JSON.stringify({
      default: [{ type: 'reject' }],
      transports: { docker: { [site.registry.host]: [rule] } },
    }),
  );
  mkdirSync(site.path('registries.d'), { recursive: true });
  writeFileSync(
    site.path('registries.d', 'default.yaml'),
    `default-docker: {use-sigstore-attachments: true}\n`,
  );
}
