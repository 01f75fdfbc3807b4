import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FaultRegistry, startFaultRegistry } from '../fault-registry/index.js';
import { writeExtension } from '../support/extensions.js';
import { listFiles } from '../support/files.js';
import { isolatedEnvironment, provData } from '../support/prov.js';
import { createSandbox } from '../support/sandbox.js';

interface Plan {
  requests: { method: string; host: string; path: string; bytes: number; sent: boolean }[];
  bytes: number;
  fetched: number;
}

const KIB = 1024;
/** Large enough for an upload in chunks. */
const CHUNKED = 17 * KIB * KIB;

/** Two registries, and homes that are thrown away: what one run keeps does not help the next. */
async function site(t: TestContext, options: Parameters<typeof startFaultRegistry>[0]) {
  const registries: FaultRegistry[] = [await startFaultRegistry(options), await startFaultRegistry(options)];
  t.after(() => Promise.all(registries.map((each) => each.close())));
  const sandbox = createSandbox(t);
  let homes = 0;
  const fresh = () => {
    homes += 1;
    const home = join(sandbox.root, `home-${homes}`);
    mkdirSync(home);
    const { PROVISIONING_SIGN_PASSWORD, TMPDIR } = sandbox.env;
    return { cwd: sandbox.work, env: isolatedEnvironment(home, { PROVISIONING_SIGN_PASSWORD, TMPDIR }) };
  };
  const [first, second] = registries as [FaultRegistry, FaultRegistry];
  return { ...sandbox, first, second, registries, fresh };
}

/** What arrived, in the words of a plan; a blob that was read with its size. */
function arrived(registries: readonly FaultRegistry[]): string[] {
  return registries.flatMap(({ host, seen, model }) =>
    seen.map(({ method, url, received, status }) => {
      const path = decodeURIComponent(url).replace(/\?.*$/, '');
      const [, repository, digest] = /^\/v2\/(.+)\/blobs\/(sha256:[0-9a-f]+)$/.exec(path) ?? [];
      const read = method === 'GET' && status === 200 && digest !== undefined;
      const bytes = read ? (model.repository(repository!).blobs.get(digest)?.byteLength ?? 0) : received;
      return line({ method, host, path, bytes });
    }),
  );
}

function line({ method, host, path, bytes }: { method: string; host: string; path: string; bytes: number }) {
  const size = method === 'GET' && !path.includes('/blobs/') ? 0 : bytes;
  return `${method} ${host}${path.replace(/uploads\/.+$/, 'uploads/…')} ${size}`;
}

/** Digests aside: what says the time of its writing has another one each time, and the same size. */
function undated(lines: readonly string[]): string[] {
  return lines.map((each) => each.replace(/sha256[:-][0-9a-f]{64}/g, 'sha256:…'));
}

for (const options of [{ referrersApi: true, manyTags: true }, { referrersApi: false }]) {
  test(`a dry run names every request and byte of the real run, ${options.referrersApi ? 'with' : 'without'} a referrers API`, async (t) => {
    const { first, second, registries, fresh, work } = await site(t, options);
    const at = ['--registry', first.host, '--namespace', 'team'];
    const files = { 'data.bin': randomBytes(300 * KIB), 'tests/ok.sh': '#!/bin/sh\nexit 0\n' };
    writeExtension(work, { name: 'redis', version: '1.0.0', files });
    writeExtension(work, { name: 'redis', version: '1.1.0', files: { 'large.bin': randomBytes(CHUNKED) } });
    writeFileSync(join(work, 'sbom.json'), JSON.stringify({ spdxVersion: 'SPDX-2.3' }));
    await provData(['key', 'generate', '--output', 'k', '--algorithm', 'ed25519'], fresh());
    const sign = ['--sign', '--key', 'k.key'];

    /** Also says that the dry run left the registries and the working directory as they were. */
    const same = async (args: string[], { dated = false, readBack = 0 } = {}) => {
      const before = listFiles(work);
      for (const { seen } of registries) seen.length = 0;
      const { plan } = await provData<{ plan: Plan }>([...args, '--dry-run'], fresh());
      const what = args.slice(0, 3).join(' ');
      const asked = arrived(registries);
      assert.deepEqual(
        asked.filter((each) => !/^(?:GET|HEAD) /.test(each)),
        [],
        `${what}: nothing changed`,
      );
      assert.deepEqual(listFiles(work), before, what);
      const sent = plan.requests.filter((each) => each.sent);
      const known = new Set(plan.requests.map(({ path }) => path));
      const unplanned = registries.flatMap(({ seen }) =>
        seen.filter(({ url }) => !known.has(url.replace(/\?.*$/, ''))),
      );
      assert.equal(
        sent.length,
        asked.length - unplanned.length,
        `${what}: requests that were sent are marked`,
      );
      assert.ok(unplanned.length <= 1, `${what}: at most one question of its own`);
      for (const { seen } of registries) seen.length = 0;
      await provData(args, fresh());
      const came = arrived(registries).sort();
      const wanted = plan.requests.map((each) =>
        // Of a request that the dry run sent, the bytes of the answer are not part of what is left to do.
        each.sent && each.method === 'GET' ? { ...each, bytes: sizeRead(each) } : each,
      );
      const lines = wanted.map(line).sort();
      const compare = dated ? undated : (all: readonly string[]) => [...all];
      const missing = subtract(compare(lines), compare(came));
      const extra = subtract(compare(came), compare(lines));
      assert.deepEqual(
        missing,
        [],
        `${what}: planned and not sent; sent and not planned:\n${extra.join('\n')}`,
      );
      assert.deepEqual(
        extra.filter((each) => !/^(?:GET|HEAD) /.test(each)),
        [],
        `${what}: sent and not planned`,
      );
      assert.ok(extra.length <= readBack, `${what}: read and not planned\n${extra.join('\n')}`);
      const left = plan.requests.filter((each) => !each.sent);
      const sum = (kind: boolean) =>
        left.filter(({ method }) => (method === 'GET') === kind).reduce((all, { bytes }) => all + bytes, 0);
      assert.deepEqual([plan.bytes, plan.fetched], [sum(false), sum(true)], what);
      assert.equal(
        plan.bytes,
        registries.reduce((all, { seen }) => all + seen.reduce((one, { received }) => one + received, 0), 0),
        `${what}: bytes`,
      );
    };
    const sizeRead = ({ host, path }: { host: string; path: string }) => {
      const registry = registries.find((each) => each.host === host);
      const [, repository, digest] = /^\/v2\/(.+)\/blobs\/(sha256:[0-9a-f]+)$/.exec(path) ?? [];
      return digest === undefined
        ? 0
        : (registry?.model.repository(repository!).blobs.get(digest)?.byteLength ?? 0);
    };

    // Publishing reads back what landed, which is not part of the plan: nothing is there to be read.
    await same(['ext', 'publish', 'redis-1.0.0', '--key', 'k.key', '--tag', 'stable', ...at], {
      dated: true,
      readBack: 20,
    });
    await same(['ext', 'push', 'redis-1.1.0', ...sign, ...at], { dated: true });
    await same(['ext', 'attach', 'redis:1.0.0', 'sbom.json', ...at]);
    await same(['ext', 'tag', 'redis:1.1.0', 'latest', 'edge', ...at]);
    await same(['ext', 'copy', `${first.host}/team/redis:1.0.0`, `${second.host}/prod/redis`]);
    // What follows asks registries of both kinds the same.
    if (options.referrersApi) {
      await same(['ext', 'pull', 'redis:1.1.0', ...at]);
      await same(['ext', 'copy', `${first.host}/team/redis`, `${second.host}/all/redis`, '--all-tags']);
      await same(['ext', 'copy', `${second.host}/all/redis:1.1.0`, `${second.host}/mounted/redis`]);
      await same(['ext', 'export', 'redis:1.0.0', '--output', 'out', ...at]);
      await same(['ext', 'export', 'redis:1.1.0', '--output', 'out', ...at]);
      await same(['ext', 'export', 'redis:1.0.0', 'redis:1.1.0', '--output', 'out.tar', ...at]);
      await same(['ext', 'import', 'out', '--registry', second.host, '--namespace', 'imported']);
      await same([
        'ext',
        'push',
        'oci-layout:out#team/redis:1.0.0',
        '--registry',
        second.host,
        '--namespace',
        'stored',
      ]);
      await same(['ext', 'untag', 'redis:edge', ...at]);
      assert.ok(existsSync(join(work, 'out.tar')));
      cpSync(join(work, 'out'), join(work, 'copy'), { recursive: true });
      await same([
        'ext',
        'attach',
        'oci-layout:copy#team/redis:1.0.0',
        'sbom.json',
        '--artifact-type',
        'a/b',
      ]);
    }
    await same(['ext', 'yank', 'redis:1.0.0', '--reason', 'it leaks', '--key', 'k.key', ...at], {
      dated: true,
    });
    await same(['ext', 'delete', 'redis:1.0.0', '--force', ...at], { dated: true });
    await same(['ext', 'delete', 'redis:1.1.0', '--with-referrers', '--force', ...at], { dated: true });
  });
}

/** Lines of `all` that `others` has not, counting repetitions. */
function subtract(all: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return all.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
