import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ResolveWorkspaceOptions, resolveWorkspace, verifyReference } from '#manager';
import { policyForKeys } from '#trust';
import { type AlteringProxy, alteringProxy, asForeign } from '../support/altering-proxy.js';
import { openShop, openSite, type Site } from './site.js';

const META = 'metadata-cache';

/** Five packages in a chain with two versions each, and a shop that asks for the first through a proxy. */
async function chain(t: TestContext) {
  const site = await openSite(t);
  for (const version of ['1.0.0', '1.1.0'])
    for (const i of [5, 4, 3, 2, 1])
      await site.publish({
        name: `p${i}`,
        version,
        manifest:
          i === 5 ? {} : { dependencies: { [`p${i + 1}`]: '^1' }, optional_dependencies: { nowhere: '^1' } },
      });
  const proxy = await alteringProxy(t, site.registry);
  const workspace = await openShop({ ...site, registry: proxy.host }, { p1: '^1' });
  const go = (options: Partial<ResolveWorkspaceOptions> = {}, context = site.context) =>
    resolveWorkspace({ workspace, install: false, ...options }, context);
  return { site, proxy, workspace, go };
}

const requests = ({ seen }: AlteringProxy) =>
  seen.splice(0).map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);
const forgetAnswers = (site: Site) =>
  rmSync(join(site.home, '.provisioning'), { recursive: true, force: true });

test('our registry answers for a whole graph in two requests, and in two that say "unchanged" when asked again', async (t) => {
  const { site, proxy, workspace, go } = await chain(t);
  const first = await go();
  assert.equal(first.lock.extensions.length, 5);
  assert.deepEqual(requests(proxy), ['POST /api/v1/closure', 'POST /api/v1/contents']);
  const bytes = readFileSync(workspace.lockFile, 'utf8');
  rmSync(workspace.lockFile);
  const statuses: number[] = [];
  proxy.alter = (_, { status }) => void statuses.push(status);
  await go();
  assert.deepEqual([requests(proxy).length, statuses], [2, [304, 304]]);
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), bytes);
  assert.equal((await go()).resolved, false);
  assert.deepEqual(requests(proxy), [], 'an up-to-date lock asks nobody');
  await site.publish({ name: 'p5', version: '1.2.0' });
  const updated = await go({ update: {} });
  assert.deepEqual(
    updated.changes.map(({ name, to }) => [name, to]),
    [['p5', '1.2.0']],
  );
});

test('a registry that is not ours is asked for tags and one manifest a tried version; the lock is the same', async (t) => {
  const { site, proxy, workspace, go } = await chain(t);
  await go();
  const bytes = readFileSync(workspace.lockFile, 'utf8');
  rmSync(workspace.lockFile);
  forgetAnswers(site);
  requests(proxy);
  proxy.alter = asForeign;
  await go();
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), bytes);
  const seen = requests(proxy);
  const tags = seen.filter((each) => each.endsWith('/tags/list'));
  const manifests = seen.filter((each) => /^GET .*\/manifests\/1/.test(each));
  assert.equal(new Set(tags).size, tags.length, 'no package is listed twice');
  assert.deepEqual(tags.filter((each) => each.includes('/p')).length, 5);
  assert.deepEqual(
    manifests.sort(),
    [1, 2, 3, 4, 5].map((i) => `GET /v2/team/p${i}/manifests/1.1.0`),
  );
});

test('an answer that is cut short, damaged or says too little falls back to single questions', async (t) => {
  const { proxy, workspace, go } = await chain(t);
  await go();
  const bytes = readFileSync(workspace.lockFile, 'utf8');
  const cases: Record<
    string,
    (body: { packages: { repository: string; entries: unknown[] }[]; missing: string[] }) => unknown
  > = {
    truncated: (body) => ({ ...body, packages: body.packages.slice(0, 2), truncated: true }),
    'without a package': (body) => ({
      ...body,
      packages: body.packages.filter(({ repository }) => repository !== 'team/p3'),
    }),
    'twice the same': (body) => ({
      ...body,
      packages: [...body.packages, { repository: 'team/p3', v: 1, entries: [] }],
    }),
    'an entry of tomorrow': (body) => ({
      ...body,
      packages: body.packages.map((each) => ({
        ...each,
        entries: each.entries.map((entry, i) => (i === 0 ? { ...(entry as object), kind: 'planet' } : entry)),
      })),
    }),
    'the root is missing': () => ({ v: 1, packages: [], missing: ['team/p1'], truncated: false }),
    'no document': () => 'nonsense',
  };
  for (const [what, lie] of Object.entries(cases)) {
    proxy.alter = ({ path }, { body }) =>
      path === '/api/v1/closure' && body !== '' ? { body: JSON.stringify(lie(JSON.parse(body))) } : undefined;
    rmSync(workspace.lockFile);
    await go();
    assert.equal(readFileSync(workspace.lockFile, 'utf8'), bytes, what);
  }
  proxy.alter = ({ path }) => (path.startsWith('/api/v1/c') ? { body: '{"v":1' } : undefined);
  rmSync(workspace.lockFile);
  await go();
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), bytes, 'both answers broken');
});

test('an index that lies about dependencies or digests is refused by name, and nothing is locked', async (t) => {
  const { proxy, go } = await chain(t);
  const lying = (change: (entry: Record<string, unknown>, all: Record<string, unknown>[]) => unknown) => {
    proxy.alter = ({ path }, { body }) => {
      if (path !== '/api/v1/closure' || body === '') return undefined;
      const document = JSON.parse(body) as {
        packages: { repository: string; entries: Record<string, unknown>[] }[];
      };
      const packages = document.packages.map((each) =>
        each.repository === 'team/p2'
          ? { ...each, entries: each.entries.map((entry) => change(entry, each.entries)) }
          : each,
      );
      return { body: JSON.stringify({ ...document, packages }) };
    };
  };
  lying((entry) => ({ ...entry, deps: {} }));
  await assert.rejects(go(), {
    code: 'MANAGER_INDEX_LIES',
    message:
      /p2 1\.1\.0: the index of p2 on 127\.0\.0\.1:\d+ says dependencies null, the manifest sha256:\w+ says \{"p3"/,
  });
  lying((entry, all) => (entry['version'] === '1.1.0' ? { ...entry, digest: all[0]!['digest'] } : entry));
  await assert.rejects(go(), { code: 'MANAGER_INDEX_LIES', message: /p2 1\.1\.0.*taskserv p2 1\.0\.0/ });
  lying((entry) => ({ ...entry, digest: `sha256:${'0'.repeat(64)}` }));
  await assert.rejects(go(), { code: 'MANAGER_INDEX_LIES' });
});

test('a version that disappears while it is read, and a registry that is down, are told as what they are', async (t) => {
  const { proxy, go } = await chain(t);
  proxy.alter = (seen) =>
    asForeign(seen) ??
    (/p4\/manifests\/1\.1\.0/.test(seen.path)
      ? { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' }
      : undefined);
  await assert.rejects(go(), { code: 'MANAGER_LIST_CHANGED', message: /p4 1\.1\.0/ });
  const down = await openShop({ ...(await openSite(t)), registry: '127.0.0.1:9' }, { p1: '^1' });
  await assert.rejects(go({ workspace: down }), { code: /^OCI_REMOTE_/ });
});

test('offline opens no socket: it resolves, locks and installs from what was kept, and lists what is not here', async (t) => {
  const { site, proxy, workspace, go } = await chain(t);
  await go();
  const bytes = readFileSync(workspace.lockFile, 'utf8');
  requests(proxy);
  const opened: unknown[] = [];
  const connect = Socket.prototype.connect;
  const refuse = (...args: unknown[]): never => {
    opened.push(args[0]);
    throw new Error('the network is refused');
  };
  Socket.prototype.connect = refuse;
  t.after(() => {
    Socket.prototype.connect = connect;
  });
  const offline = { ...site.context, offline: true };
  rmSync(workspace.lockFile);
  await go({}, offline);
  assert.equal(readFileSync(workspace.lockFile, 'utf8'), bytes);
  await assert.rejects(go({ install: true }, offline), {
    code: 'MANAGER_OFFLINE_MISSING',
    message: /5 of the pieces of content:\n(?:.*sha256:[0-9a-f]{64}.*\n?){5}/,
    hint: /prov mirror export .*prov mirror import/,
  });
  assert.deepEqual(opened, []);
  Socket.prototype.connect = connect;
  await go({ install: true });
  rmSync(join(workspace.root, '.cache'), { recursive: true });
  Socket.prototype.connect = refuse;
  const installed = await go({ install: true, locked: true }, offline);
  assert.equal(installed.installed.length, 5);
  const other = await openShop({ ...site, registry: proxy.host }, { unheard: '^1' }, { name: 'other' });
  await assert.rejects(go({ workspace: other }, offline), { code: 'MANAGER_OFFLINE_UNKNOWN' });
  const reference = site.reference('p1:1.0.0');
  await assert.rejects(verifyReference({ reference, policy: policyForKeys([]) }, offline), {
    code: 'MANAGER_OFFLINE',
  });
  assert.deepEqual(opened, []);
});

test('kept answers that were damaged on disk are asked for again', async (t) => {
  const { site, proxy, workspace, go } = await chain(t);
  await go();
  const directory = join(site.home, '.provisioning', META);
  for (const name of readdirSync(directory))
    writeFileSync(join(directory, name), readFileSync(join(directory, name), 'utf8').replace('p3', 'p9'));
  rmSync(workspace.lockFile);
  const statuses: number[] = [];
  proxy.alter = (_, { status }) => void statuses.push(status);
  assert.equal((await go()).lock.extensions.length, 5);
  assert.deepEqual(statuses, [200, 200]);
});

test('a lock is the same bytes however long each answer takes', async (t) => {
  const { site, proxy, workspace, go } = await chain(t);
  const seed = Date.now() % 1_000_000;
  let state = seed;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const locks = new Set<string>();
  proxy.alter = asForeign;
  for (let round = 0; round < 12; round++) {
    proxy.delayMs = () => random() * 15;
    forgetAnswers(site);
    rmSync(workspace.lockFile, { force: true });
    await go();
    locks.add(readFileSync(workspace.lockFile, 'utf8'));
  }
  assert.equal(locks.size, 1, `seed ${seed}`);
});
