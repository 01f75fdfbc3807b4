import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type FaultRegistry, startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { snapshot } from '../support/files.js';
import { prov, provData } from '../support/prov.js';
import { freePort } from '../support/registries.js';
import { createSandbox } from '../support/sandbox.js';

/** What is wrong with the first of two mirrors. */
const FIRST: Readonly<Record<string, ((mirror: FaultRegistry) => void) | 'dead'>> = {
  'that is dead': 'dead',
  'that has nothing': () => {},
  'that serves wrong bytes': (mirror) =>
    mirror.fault({
      method: 'GET',
      path: /\/(?:blobs|manifests)\/sha256:/,
      times: 99,
      does: { answer: { status: 200, body: Buffer.from('{"schemaVersion":2,"wrong":true}') } },
    }),
};

test('mirrors of the configuration: a first one that is dead, empty or wrong costs nothing but itself', async (t) => {
  const [upstream, good] = [await startFaultRegistry(), await startFaultRegistry()];
  t.after(() => Promise.all([upstream.close(), good.close()]));
  const sandbox = createSandbox(t);
  const { work, options, env } = sandbox;
  const dir = writeExtension(work, {
    name: 'redis',
    version: '7.2.0',
    files: { 'data.bin': Buffer.alloc(200_000, 3) },
  });
  const { digest } = await provData<{ digest: string }>(
    ['ext', 'push', dir, '--registry', upstream.host, '--namespace', 'team'],
    options,
  );
  await provData(
    ['ext', 'copy', `${upstream.host}/team/redis:7.2.0`, `${good.host}/cache/team/redis`],
    options,
  );
  const home = env['PROVISIONING_HOME']!;
  mkdirSync(home, { recursive: true });

  for (const [what, wrong] of Object.entries(FIRST)) {
    const first = await startFaultRegistry();
    t.after(() => first.close());
    if (wrong !== 'dead') wrong(first);
    const location = wrong === 'dead' ? `127.0.0.1:${await freePort()}` : first.host;
    writeFileSync(
      join(home, 'config.toml'),
      `[[mirrors]]\nprefix = "${upstream.host}/team"\nlocation = "${location}/cache/team"\n` +
        `[[mirrors]]\nprefix = "${upstream.host}/team"\nlocation = "${good.host}/cache/team"\n`,
    );
    for (const cache of ['oci-cache', 'state']) rmSync(join(home, cache), { recursive: true, force: true });
    for (const { seen } of [upstream, good]) seen.length = 0;
    const pull = (destination: string) => [
      'ext',
      'pull',
      `${upstream.host}/team/redis:7.2.0`,
      '--destination',
      destination,
    ];
    const name = what.replaceAll(' ', '-');
    const pulled = await provData<{ digest: string; served: Record<string, number> }>(pull(name), options);
    assert.equal(pulled.digest, digest, what);
    assert.deepEqual(snapshot(join(work, name)), snapshot(dir), what);
    assert.ok((pulled.served[good.host] ?? 0) > 0, `${what}: ${JSON.stringify(pulled.served)}`);
    assert.equal(upstream.count('GET', /\/blobs\//), 0, `${what}: content came from a mirror`);
    for (const { headers } of good.seen) assert.equal(headers.authorization, undefined, what);

    // A bad one is remembered by the next process.
    first.seen.length = 0;
    rmSync(join(home, 'oci-cache'), { recursive: true });
    await provData(pull(`${name}-again`), options);
    if (wrong !== 'dead' && what !== 'that has nothing')
      assert.equal(first.count('GET'), 0, `${what}: it is left alone for a while`);
  }
  const cached = readdirSync(join(home, 'oci-cache/blobs/sha256')).map((each) =>
    readFileSync(join(home, 'oci-cache/blobs/sha256', each), 'latin1'),
  );
  assert.ok(!cached.some((bytes) => bytes.includes('"wrong":true')), 'no wrong byte was kept');
  const explained = await prov(['auth', 'explain', `${upstream.host}/team/redis`], options);
  assert.match(
    explained.stdout,
    new RegExp(`${good.host}/cache/team`),
    'and the user can see which are asked',
  );
  await sandbox.assertNothingHalfDone();
});
