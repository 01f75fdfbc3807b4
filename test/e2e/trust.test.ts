import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeExtension } from '../support/extensions.js';
import { prov, provData } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { createSandbox } from '../support/sandbox.js';

interface Explained {
  readonly outcome: string;
  readonly reason: string;
  readonly layers: readonly { rule?: string; requires?: readonly string[] }[];
  readonly reasons: readonly { code: string; ok: boolean }[];
}

test('a policy is explained, linted and tried, as people type it', async (t) => {
  const { work, env, root } = createSandbox(t);
  const run = (line: string) => prov([...line.split(' '), '--out', 'json'], { cwd: work, env });
  const data = <T>(line: string) => provData<T>(line.split(' '), { cwd: work, env });
  const { host } = await ownRegistry(t, root, env);
  await data('key generate --output alice');
  await data('key generate --output bob --algorithm ed25519');
  const dir = writeExtension(join(work, 'src'), { name: 'redis' });
  const reference = `${host}/acme/redis:1.0.0`;
  await data(`ext push ${dir} --registry ${host} --namespace acme --sign --key alice.key`);
  writeFileSync(
    join(work, 'policy.yaml'),
    `apiVersion: prov.dev/trust/v1
version: 1
keys: {alice: {pem: ./alice.pub}, bob: {pem: ./bob.pub}}
principals: {alice: {keys: [alice]}, bob: {keys: [bob]}}
authorities: {both: {threshold: 2, of: [alice, bob]}}
rules: [{id: acme, match: {repository: "acme/**"}, require: [{signature: {by: both}}]}]
`,
  );
  const refused = await run(`trust explain ${reference} --policy policy.yaml`);
  assert.equal(refused.code, 6);
  const said = refused.json.data as Explained;
  assert.deepEqual([said.outcome, said.reason], ['refused', 'threshold']);
  assert.deepEqual([said.layers[0]!.rule, said.layers[0]!.requires], ['acme', ['2 of alice, bob']]);
  assert.ok(said.reasons.some(({ code, ok }) => ok && code === 'accepted'));
  await data(`ext sign ${reference} --key bob.key`);
  assert.equal(
    (await data<Explained>(`trust explain ${reference} --policy policy.yaml`)).outcome,
    'accepted',
  );
  const text = await prov(['trust', 'explain', reference, '--policy', 'policy.yaml'], { cwd: work, env });
  assert.match(
    text.stdout,
    /yes {2}.*policy\.yaml: rule "acme" \(acme\/\*\*, enforce\)\n {5}asks for 2 of alice, bob/,
  );
  assert.match(text.stdout, /\naccepted: /);

  // Of another program's policy: what it accepts with the same keys, and a note for the rest.
  writeFileSync(
    join(work, 'policy.json'),
    JSON.stringify({
      default: [{ type: 'reject' }],
      transports: {
        docker: {
          [host]: [{ type: 'sigstoreSigned', keyPath: 'alice.pub' }],
          'open.example': [{ type: 'insecureAcceptAnything' }],
        },
      },
    }),
  );
  const imported = await run('trust import policy.json --output imported.yaml');
  assert.equal(imported.code, 10, imported.stdout);
  const told = imported.json.data as { format: string; rules: number; refused: number };
  assert.deepEqual([told.format, told.rules, told.refused], ['containers', 1, 1]);
  assert.match(
    readFileSync(join(work, 'imported.yaml'), 'utf8'),
    /# refused: .*open\.example: it accepted anything/,
  );
  await data(`ext verify ${reference} --policy imported.yaml`);
  assert.equal(
    (await run('trust import policy.json --output imported.yaml')).json.error?.code,
    'CLI_FILE_EXISTS',
  );
  assert.equal((await run('trust import cases.yaml')).code, 5, 'it is not there yet');

  assert.deepEqual(await data<object>('trust lint policy.yaml').then((all) => Object(all).findings), []);
  const artifact = `artifact: "${reference}"`;
  const cases = (expect: string) =>
    writeFileSync(
      join(work, 'cases.yaml'),
      `cases:\n  - {name: both, ${artifact}, signedBy: [alice, bob], expect: accepted}\n  - {name: one, ${artifact}, signedBy: [bob], expect: ${expect}}\n`,
    );
  cases('threshold');
  await data('trust test policy.yaml cases.yaml');
  cases('accepted');
  const failed = await run('trust test policy.yaml cases.yaml');
  assert.deepEqual([failed.code, Object(failed.json.data).failed], [1, 1]);

  const init = `workspace init shop --name shop --registry main=${host}/acme --require taskserv/redis@* --trust-key alice.pub`;
  await data(init);
  await data('dep resolve -w shop');
  const policyFile = join(work, 'shop', 'config', 'trust-policy.yaml');
  const one = (await data<{ keyId: string }>('key show alice.pub')).keyId;
  const planned = await run(`trust rotate ${one} --plan -w shop`);
  assert.deepEqual([planned.code, Object(planned.json.data).failing], [1, 1], planned.stdout);
  writeFileSync(
    policyFile,
    readFileSync(join(work, 'policy.yaml'), 'utf8')
      .replaceAll('./', `${work}/`)
      .replace('threshold: 2', 'threshold: 1'),
  );
  assert.equal((await data<{ failing: number }>('trust rotate alice --plan -w shop')).failing, 0);
  assert.equal((await run('trust rotate carol --plan -w shop')).json.error?.code, 'TRUST_KEY_INVALID');
});
