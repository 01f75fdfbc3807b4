import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeExtension } from '../support/extensions.js';
import { type ProvResult, prov, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

const POLICY = (deny = '', fallback = 'inherit') => `apiVersion: prov.dev/trust/v1
version: 1
default: ${fallback}
keys: {alice: {pem: ./alice.pub}, bob: {pem: ./bob.pub}}
principals: {alice: {keys: [alice]}, bob: {keys: [bob]}}
authorities: {both: {threshold: 2, of: [alice, bob]}}
rules:
  - {id: team, match: {repository: "team/**"}, require: [{signature: {by: alice}}]}
  - {id: two, match: {repository: "two/**"}, require: [{signature: {by: both}}]}
${deny}
`;

/** Each refusal beside what differs only in the signature and is taken. */
test('a registry with a trust policy takes and gives by namespace only what the policy accepts, and says why not', async (t) => {
  const { work, env } = createSandbox(t);
  const run = (line: string) => prov([...line.split(' '), '--out', 'json'], { cwd: work, env });
  const data = <T>(line: string) => provData<T>(line.split(' '), { cwd: work, env });
  for (const key of ['alice', 'bob', 'eve']) await data(`key generate --output ${key}`);
  const policyFile = join(work, 'registry-policy.yaml');
  writeFileSync(policyFile, POLICY());
  const dir = writeExtension(join(work, 'src'), { name: 'redis' });
  const start = (more = '') =>
    data<{ url: string; port: number }>(`registry start --port 0 --data ${join(work, 'data')}${more}`);
  let { url, port } = await start(` --trust-policy ${policyFile}`);
  try {
    const host = () => url.replace('http://', '');
    const push = (namespace: string, key?: string) =>
      run(
        `ext push ${dir} --registry ${host()} --namespace ${namespace}${key === undefined ? '' : ` --sign --key ${key}.key`}`,
      );
    const refused = ({ code, json }: ProvResult, says: RegExp) => {
      assert.notEqual(code, 0);
      assert.match(JSON.stringify(json.error), says);
    };
    const tagOf = async (namespace: string) =>
      (await fetch(`${url}/v2/${namespace}/redis/manifests/1.0.0`, { headers: { accept: '*/*' } })).status;

    refused(await push('team'), /refuses team\/redis 1\.0\.0.*no signature/);
    refused(await push('team', 'eve'), /refuses team\/redis 1\.0\.0.*not trusted/);
    assert.equal(await tagOf('team'), 404, 'it has no tag');
    assert.equal((await push('team', 'alice')).code, 0);
    assert.equal(await tagOf('team'), 200);
    assert.equal((await push('open')).code, 0, 'no rule is about that namespace');

    // Two must sign: the first leaves its signature by digest, the second adds its own.
    const first = await push('two', 'alice');
    refused(first, /2 of alice, bob must sign; alice did/);
    assert.equal((await push('two', 'bob')).code, 0);
    await data(`ext verify ${host()}/two/redis:1.0.0 --key bob.pub`);
    await data(`ext pull ${host()}/team/redis:1.0.0 --key alice.pub --destination before`);
    const { digest } = await data<{ digest: string }>(
      `ext verify ${host()}/team/redis:1.0.0 --key alice.pub`,
    );

    // What was taken once is not given any more when the policy of today refuses it.
    refused(
      await run(`registry start --port ${port} --data ${join(work, 'data')}`),
      /runs with another trust policy/,
    );
    await data(`registry stop --port ${port}`);
    writeFileSync(policyFile, POLICY('deny: [{key: alice, reason: laptop stolen}]', 'deny'));
    ({ url, port } = await start(` --trust-policy ${policyFile}`));
    for (const reference of [`${host()}/team/redis:1.0.0`, `${host()}/team/redis@${digest}`])
      refused(
        await run(`ext pull ${reference} --destination after --key alice.pub`),
        /refuses team\/redis.*laptop stolen/,
      );
    assert.equal(await tagOf('open'), 403, 'no rule is about it, and the default is to deny');
    const contents = await fetch(`${url}/api/v1/contents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ v: 1, items: [{ repository: 'team/redis', digest }] }),
    });
    assert.equal(contents.status, 200);
    assert.deepEqual(((await contents.json()) as { items: unknown[] }).items, []);
    const answer = await fetch(`${url}/v2/team/redis/manifests/1.0.0`, { headers: { accept: '*/*' } });
    const body = (await answer.json()) as {
      errors: { code: string; message: string; detail: { code: string } }[];
    };
    assert.deepEqual([answer.status, body.errors[0]?.code], [403, 'DENIED']);
    assert.equal(body.errors[0]?.detail.code, 'REGISTRY_SIGNATURE_REFUSED');
    assert.match(body.errors[0]!.message, /laptop stolen/);

    // Signing anew needs the content only, and brings it back.
    writeFileSync(
      policyFile,
      POLICY('deny: [{key: alice, reason: laptop stolen}]').replaceAll('by: alice', 'by: bob'),
    );
    await data(`registry stop --port ${port}`);
    ({ url, port } = await start(` --trust-policy ${policyFile}`));
    assert.equal(await tagOf('team'), 403);
    assert.equal((await push('team', 'bob')).code, 0);
    assert.equal(await tagOf('team'), 200);

    writeFileSync(policyFile, 'apiVersion: prov.dev/trust/v1\nversion: 1\nrulez: []\n');
    refused(
      await run(`registry start --port 0 --data ${join(work, 'other')} --trust-policy ${policyFile}`),
      /SCHEMAS_KEY_UNKNOWN/,
    );
  } finally {
    await run('registry stop --all');
  }
});
