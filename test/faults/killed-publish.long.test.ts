import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { seeded } from '../fault-registry/index.js';
import { EXTENSION, readTree, writeExtension } from '../interop/extension-tree.js';
import { startCuttingProxy } from '../support/cutting-proxy.js';
import { isolatedEnvironment, prov, provData } from '../support/prov.js';
import { ownRegistry } from '../support/registries.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const PAYLOAD_BYTES = 64 * 1024;
const ROUNDS = 12;
const SEED = Number(process.env['PROV_SEED'] ?? 20_261_127);
const { namespace, name, repository } = EXTENSION;

test('a publish killed at random bytes leaves no version or a signed one, and the next run completes it', async (t) => {
  const folder = temporaryDirectory(t);
  const env = isolatedEnvironment(folder, { PROVISIONING_SIGN_PASSWORD: 'correct horse' });
  const registry = await ownRegistry(t, join(folder, 'server'), env);
  const proxy = await startCuttingProxy(t, Number(registry.host.split(':')[1]));
  const run = { cwd: folder, env };
  const random = seeded(SEED);
  await provData(['key', 'generate', '--output', 'release'], run);
  const publish = (dir: string, host: string) => [
    ...['ext', 'publish', dir, '--key', 'release.key', '--tag', 'stable'],
    ...['--registry', host, '--namespace', namespace],
  ];
  const whole = writeExtension(join(folder, 'v0'), { version: '1.0.0', payloadBytes: PAYLOAD_BYTES });
  await provData(publish(whole, proxy.host), run);
  const bytes = proxy.passed.to;
  let [kills, absent, present] = [0, 0, 0];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const version = `1.${round}.0`;
    const tree = writeExtension(join(folder, `v${round}`), { version, payloadBytes: PAYLOAD_BYTES });
    // Most bytes are one blob; half of the rounds die in what comes after it.
    const low = round % 2 === 0 ? PAYLOAD_BYTES : 0;
    const limit = Math.floor(low + random() * (bytes - low)) + 1;
    const killed = await prov(publish(tree, proxy.host), {
      ...run,
      onStart: (child) => proxy.cutAfter(limit, () => child.kill('SIGKILL')),
    });
    const where = `seed ${SEED}, round ${round}, byte ${limit}: ${killed.stdout}${killed.stderr}`;
    if (killed.signal === 'SIGKILL') {
      kills += 1;
      await proxy.open();
    } else assert.equal(killed.code, 0, where);
    const reference = `${registry.host}/${repository}:${version}`;
    const pull = ['ext', 'pull', reference, '--key', 'release.pub', '--out', 'json', '--destination'];
    const seen = await prov([...pull, `seen${round}`], run);
    if (seen.code === 0) {
      present += 1;
      assert.deepEqual(readTree(join(folder, `seen${round}`)), readTree(tree), where);
    } else {
      absent += 1;
      assert.equal(seen.json.error?.code, 'OCI_REFERENCE_NOT_FOUND', `${where}\n${seen.stdout}`);
    }
    const again = await prov(publish(tree, registry.host), run);
    assert.equal(again.code, 0, `${where}\n${again.stdout}${again.stderr}`);
    const after = await prov([...pull, `after${round}`], run);
    assert.equal(after.code, 0, `${where}\n${after.stdout}`);
    assert.deepEqual(readTree(join(folder, `after${round}`)), readTree(tree), where);
    const stable = await provData<{ version: string }>(
      ['ext', 'inspect', `${registry.host}/${repository}:stable`],
      run,
    );
    assert.equal(stable.version, version, where);
  }
  const { versions } = await provData<{ versions: unknown[] }>(
    ['ext', 'tags', name, '--registry', registry.host, '--namespace', namespace],
    run,
  );
  assert.equal(versions.length, ROUNDS + 1);
  assert.ok(kills >= ROUNDS / 2 && absent >= 1, `${kills} kills, ${absent} without a version, seed ${SEED}`);
  t.diagnostic(
    `info: ${kills} kills of ${ROUNDS} publishes: ${absent} left no version, ${present} a complete signed one, all done by the next run (seed ${SEED})`,
  );
});
