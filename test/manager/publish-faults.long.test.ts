import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyReference } from '#manager';
import { parseReference } from '#schemas';
import { policyForKeys } from '#trust';
import { bench, edKey, indexOf, REDIS, REPOSITORY } from './publish-bench.js';

test('whatever request it dies at, the version is there as a whole or not at all, and a second run ends it', async (t) => {
  const signer = await edKey();
  const whole = await bench(t, { referrersApi: false });
  const complete = await whole.publish(REDIS, { signer, tags: ['stable'] });
  const isWrite = ({ method }: { method: string }) => method !== 'GET' && method !== 'HEAD';
  const total = whole.server.seen.filter(isWrite).length;
  const wanted = whole.server.model.repository(REPOSITORY);
  assert.ok(total >= 12, `only ${total} writes`);
  for (let at = 0; at < total; at += 1) {
    const { server, client, publish } = await bench(t, { referrersApi: false });
    let seen = 0;
    const limited = server.seen.push.bind(server.seen);
    server.seen.push = (...all) => {
      seen += all.filter(isWrite).length;
      // From this write on the registry refuses everything.
      if (seen === at + 1)
        server.fault({ times: Number.POSITIVE_INFINITY, does: { answer: { status: 403 } } });
      return limited(...all);
    };
    const outcome = await publish(REDIS, { signer, tags: ['stable'] }).then(
      (result) => result.warnings,
      (error: unknown) => error,
    );
    server.seen.push = limited;
    server.clearFaults();
    const store = client.repository(REPOSITORY);
    const tagged = await store.resolve('1.0.0').catch(() => undefined);
    if (tagged !== undefined) {
      assert.equal(tagged.digest, complete.digest);
      const referrers = await store.referrers(tagged);
      assert.equal(referrers.length, 1, `at write ${at}: tagged before it was signed`);
      const reference = parseReference(`${server.host}/${REPOSITORY}:1.0.0`);
      assert.ok(reference.type === 'remote');
      const policy = policyForKeys([signer.publicKey]);
      await verifyReference({ reference, policy }, { provVersion: '0.1.0', env: {}, cwd: '/' });
    }
    const again = await publish(REDIS, { signer, tags: ['stable'] });
    assert.deepEqual(again.warnings, [], `at write ${at}: ${String(outcome)}`);
    const found = server.model.repository(REPOSITORY);
    for (const tag of ['1.0.0', 'stable']) assert.equal(found.tags.get(tag), wanted.tags.get(tag), `${at}`);
    assert.deepEqual(
      (await indexOf(client)).entries.map(({ version, digest }) => [version, digest]),
      [['1.0.0', complete.digest]],
    );
  }
  t.diagnostic(`${total} writes, each the last one once`);
});

test('twenty publishers at once lose no entry of the index, whether the registry knows conditions or not', async (t) => {
  for (const conditional of [true, false]) {
    const { publish, client, site } = await bench(t, { conditional });
    const versions = Array.from({ length: 20 }, (_, i) => `1.${i}.0`);
    const dirs = versions.map((version) => ({ ...REDIS, version }));
    for (const sample of dirs) site.extension(sample);
    const results = await Promise.all(dirs.map((sample) => publish(sample)));
    const entries = (await indexOf(client)).entries.map(({ version }) => version);
    const lost = versions.filter((version) => !entries.includes(version));
    const tries = results.map(({ index }) => index.tries);
    t.diagnostic(
      `conditions ${conditional}: ${lost.length} of ${versions.length} entries lost; tries at most ${Math.max(...tries)}; warnings ${results.flatMap(({ warnings }) => warnings).length}`,
    );
    assert.deepEqual(lost, []);
  }
});
