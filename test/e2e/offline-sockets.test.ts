import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeExtension } from '../support/extensions.js';
import { prov } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { createSandbox } from '../support/sandbox.js';
import { socketRecorder } from '../support/socket-recorder.js';

/** Address families of the network, as the kernel is asked for them. @see socket(2) */
const NETWORK_SOCKET = /socket\(AF_(INET6?|PACKET)/;
const hasStrace =
  process.platform === 'linux' && spawnSync('strace', ['-f', '-e', 'trace=network', 'true']).status === 0;

interface Run {
  readonly fails?: boolean;
  readonly cwd?: string;
}

/**
 * Every way to verify what is on this machine, as a child process in which each use of the network is recorded, by
 * Node's own resources and, where strace is there, by the kernel. The controls show that the recorders see one.
 */
test('verification of what is here opens no socket', async (t) => {
  const { work, env, root } = createSandbox(t);
  const recorder = socketRecorder(join(root, 'recorder'));
  const { host } = await ownRegistry(t, root, env);
  let traces = 0;
  const run = async (words: string, { fails = false, cwd = work }: Run = {}) => {
    traces += 1;
    const trace = join(root, `trace-${traces}`);
    const result = await prov([...words.split(' '), '--out', 'json'], {
      cwd,
      env: { ...env, ...recorder.env },
      ...(hasStrace ? { wrapper: ['strace', '-f', '-qq', '-e', 'trace=network', '-o', trace] } : {}),
    });
    assert.equal(result.code === 0, !fails, `${words}: ${result.stdout}${result.stderr}`);
    const { watched, opened } = recorder.take();
    assert.ok(watched > 0, `${words}: the recorder was not loaded`);
    const traced = hasStrace
      ? readFileSync(trace, 'utf8')
          .split('\n')
          .filter((line) => NETWORK_SOCKET.test(line))
      : [];
    return { result, opened, traced };
  };
  const quiet = async (words: string, options: Run & { readonly code?: string } = {}) => {
    const { result, opened, traced } = await run(words, options);
    assert.deepEqual([opened, traced], [[], []], words);
    if (options.code !== undefined) assert.equal(result.json.error?.code, options.code, result.stdout);
  };

  await run('key generate --output alice');
  await run('key generate --output stranger');
  const dir = writeExtension(join(work, 'src'), { name: 'redis' });
  const reference = `${host}/acme/redis:1.0.0`;
  await run(`ext push ${dir} --registry ${host} --namespace acme --sign --key alice.key`);
  writeFileSync(
    join(work, 'policy.yaml'),
    `apiVersion: prov.dev/trust/v1
version: 1
keys: {alice: {pem: ./alice.pub}}
principals: {alice: {keys: [alice]}}
rules: [{match: {repository: "acme/**"}, require: [{signature: {by: alice}}]}]
`,
  );

  const control = await run(`ext verify ${reference} --policy policy.yaml`);
  assert.ok(
    control.opened.some((line) => line.startsWith('TCPCONNECTWRAP')),
    `the recorder sees a connection: ${control.opened}`,
  );
  if (hasStrace) assert.ok(control.traced.length > 0, 'and so does strace');
  else t.diagnostic('strace is not here: only the resources of Node were recorded');
  const named = await run(`ext verify nowhere.invalid/acme/redis:1.0.0 --policy policy.yaml`, {
    fails: true,
  });
  assert.ok(
    named.opened.some((line) => line.startsWith('GETADDRINFOREQWRAP')),
    `the recorder sees a look-up: ${named.opened}`,
  );

  await run(`ext export ${reference} --output carried`);
  const carried = 'oci-layout:carried#acme/redis:1.0.0';
  await quiet(`ext verify ${carried} --policy policy.yaml`);
  await quiet(`ext verify ${carried} --key alice.pub`);
  await quiet(`ext verify ${carried} --key stranger.pub`, { fails: true, code: 'TRUST_REFUSED' });
  await quiet(`trust explain ${carried} --policy policy.yaml`);
  await quiet(`ext pull ${carried} --key alice.pub --destination pulled`);
  await quiet('trust lint policy.yaml');

  await run(
    `workspace init shop --registry main=${host}/acme --require taskserv/redis@^1 --trust-key alice.pub`,
  );
  const shop = join(work, 'shop');
  await run('dep resolve', { cwd: shop });
  await run('mirror export --output ../bundle.tar', { cwd: shop });
  await quiet('mirror inspect bundle.tar');
  rmSync(join(shop, '.cache'), { recursive: true });
  await quiet('dep resolve --locked --offline', { cwd: shop });
  // What is installed again was verified again: with another policy it is not.
  rmSync(join(shop, '.cache'), { recursive: true });
  const policy = join(shop, 'config/trust-policy.yaml');
  writeFileSync(policy, readFileSync(policy, 'utf8').replace(/^version: 1$/m, 'version: 2'));
  await quiet('dep resolve --locked --offline', { cwd: shop, fails: true, code: 'MANAGER_LOCK_STALE' });
});
