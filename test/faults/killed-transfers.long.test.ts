import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seeded } from '../fault-registry/index.js';
import { EXTENSION, readTree, writeExtension } from '../interop/extension-tree.js';
import { type CuttingProxy, type Direction, startCuttingProxy } from '../support/cutting-proxy.js';
import { isolatedEnvironment, prov, provData } from '../support/prov.js';
import { ownRegistry, type RunningRegistry } from '../support/registries.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const MIB = 1024 * 1024;
const CHUNK_BYTES = 8 * MIB;
const PAYLOAD_BYTES = 40 * MIB;
/** No process may move more than this before it is killed, so only what earlier ones left gets the work done. */
const LIFE_BYTES = 11 * MIB;
const MOST_KILLS = 40;
/** Manifests, headers and what was on its way when the process died. */
const AROUND_BYTES = MIB;
const SEED = Number(process.env['PROV_SEED'] ?? 20_261_127);

interface Killed {
  readonly kills: number;
  /** Bytes that went over the wire again, for each kill. */
  readonly again: number;
}

/**
 * Runs a command that moves `PAYLOAD_BYTES` until it succeeds; every process is killed when a seeded number
 * of bytes went through, wherever that is.
 */
async function killUntilDone(
  command: readonly string[],
  {
    env,
    cwd,
    proxy,
    direction,
  }: { env: NodeJS.ProcessEnv; cwd: string; proxy: CuttingProxy; direction: Direction },
): Promise<Killed> {
  const random = seeded(SEED);
  const before = proxy.passed[direction];
  let kills = 0;
  for (;;) {
    const limit = Math.floor(random() * LIFE_BYTES) + 1;
    const killed = await prov([...command, '--out', 'json'], {
      cwd,
      env,
      onStart: (child) => {
        proxy.cutAfter(limit, () => child.kill('SIGKILL'), direction);
      },
    });
    if (killed.code === 0) break;
    assert.equal(killed.signal, 'SIGKILL', `seed ${SEED}: ${killed.stdout}${killed.stderr}`);
    kills += 1;
    assert.ok(kills <= MOST_KILLS, `no end after ${kills} kills, seed ${SEED}`);
    await proxy.open();
  }
  const again = proxy.passed[direction] - before - PAYLOAD_BYTES;
  return { kills, again: kills === 0 ? 0 : Math.ceil(again / kills) };
}

async function site(t: TestContext) {
  const folder = temporaryDirectory(t);
  const temporary = temporaryDirectory(t);
  const env = isolatedEnvironment(folder, { TMPDIR: temporary });
  const registry = await ownRegistry(t, join(folder, 'server'), env);
  const proxy = await startCuttingProxy(t, Number(registry.host.split(':')[1]));
  const tree = writeExtension(join(folder, EXTENSION.name), { payloadBytes: PAYLOAD_BYTES });
  return { folder, env, temporary, registry, proxy, tree };
}

function reference({ host }: Pick<RunningRegistry, 'host'>): string {
  return `${host}/${EXTENSION.repository}:${EXTENSION.version}`;
}

test('a push killed at random bytes gets done; a kill costs at most one chunk', async (t) => {
  const { folder, env, registry, proxy, tree } = await site(t);
  const command = ['ext', 'push', tree, '--registry', proxy.host, '--namespace', EXTENSION.namespace];
  const { kills, again } = await killUntilDone(command, { env, cwd: folder, proxy, direction: 'to' });
  assert.ok(kills >= 4, `${kills} kills`);
  assert.ok(again <= CHUNK_BYTES + AROUND_BYTES, `${again} bytes again a kill, seed ${SEED}`);
  await provData(['ext', 'pull', reference(registry), '--destination', 'back'], { env, cwd: folder });
  assert.deepEqual(readTree(join(folder, 'back')), readTree(tree));
  assert.deepEqual(readdirSync(join(env['PROVISIONING_HOME']!, 'uploads')), []);
  t.diagnostic(`info: ${kills} kills of a push survived, ${again} bytes a kill sent again (seed ${SEED})`);
});

test('a pull killed at random bytes gets done; a kill costs at most one chunk', async (t) => {
  const { folder, env, temporary, registry, proxy, tree } = await site(t);
  await provData(['ext', 'push', tree, '--registry', registry.host, '--namespace', EXTENSION.namespace], {
    env,
    cwd: folder,
  });
  const command = ['ext', 'pull', reference(proxy), '--destination', 'out'];
  const { kills, again } = await killUntilDone(command, { env, cwd: folder, proxy, direction: 'from' });
  assert.ok(kills >= 4, `${kills} kills`);
  assert.ok(again <= CHUNK_BYTES + AROUND_BYTES, `${again} bytes again a kill, seed ${SEED}`);
  assert.deepEqual(readTree(join(folder, 'out')), readTree(tree));
  const names = readdirSync(folder).filter((each) => each.includes('out'));
  assert.deepEqual(names, ['out']);
  assert.deepEqual(readdirSync(temporary), []);
  t.diagnostic(`info: ${kills} kills of a pull survived, ${again} bytes a kill read again (seed ${SEED})`);
});
