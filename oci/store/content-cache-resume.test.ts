import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { seeded } from '../../test/fault-registry/index.js';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { IDLE_MS } from '../claim-file.js';
import { fetchBytes } from '../fetch-bytes.js';
import { clientOf, fixture, randomBlob } from '../remote/test-support.js';
import { cachedStore } from './cached-store.js';
import { openContentCache } from './content-cache.js';

const MIB = 1024 * 1024;

test('a download that breaks off goes on where it ended, with the next call', async (t) => {
  const cache = await openContentCache(join(temporaryDirectory(t), 'cache'));
  const { server, repository } = await fixture(t, {}, { retry: { attempts: 1 } });
  const { bytes, descriptor } = randomBlob(5 * MIB);
  server.model.putBlob('ns/app', bytes);
  server.fault({ path: /\/blobs\//, does: { cutAnswerAfter: 3 * MIB } });
  await assert.rejects(cache.fill(descriptor, repository), { code: 'OCI_REMOTE_INTERRUPTED' });
  assert.equal(await cache.has(descriptor.digest), false);
  assert.equal(await cache.get(descriptor), undefined);
  await cache.fill(descriptor, repository);
  const from = Number(/^bytes=(\d+)-$/.exec(server.seen.at(-1)?.headers.range ?? '')?.[1]);
  assert.ok(from >= 2 * MIB && from <= 3 * MIB, String(from));
  assert.deepEqual(readFileSync((await cache.path(descriptor.digest))!), bytes);
  assert.deepEqual(readdirSync(join(cache.directory, 'partial')), []);
});

test('a beginning that was damaged is thrown away and all of it fetched, once', async (t) => {
  const cache = await openContentCache(join(temporaryDirectory(t), 'cache'));
  const { server, repository } = await fixture(t, {}, { retry: { attempts: 1 } });
  const { bytes, descriptor } = randomBlob(4 * MIB);
  server.model.putBlob('ns/app', bytes);
  const partials = join(cache.directory, 'partial');
  for (const damage of [
    (path: string) => writeFileSync(path, Buffer.alloc(2 * MIB)),
    (path: string) => writeFileSync(path, Buffer.alloc(9 * MIB)),
    (path: string) => truncateSync(path, 7),
    (path: string) => truncateSync(path, 0),
  ]) {
    server.fault({ path: /\/blobs\//, does: { cutAnswerAfter: 3 * MIB } });
    await assert.rejects(cache.fill(descriptor, repository));
    const [partial, ...others] = readdirSync(partials);
    assert.equal(others.length, 0);
    damage(join(partials, partial!));
    const before = server.seen.length;
    await cache.fill(descriptor, repository);
    assert.ok(server.seen.length - before <= 2);
    assert.deepEqual(Buffer.from(await fetchBytes(cachedStore(repository, cache), descriptor)), bytes);
    await cache.remove(descriptor.digest);
  }
  server.model.repository('ns/app').blobs.set(descriptor.digest, Buffer.alloc(4 * MIB));
  await assert.rejects(cache.fill(descriptor, repository), { code: 'OCI_DIGEST_MISMATCH' });
  assert.deepEqual(readdirSync(partials), []);
});

test('one download serves all who ask for the same content at once', async (t) => {
  const cache = await openContentCache(join(temporaryDirectory(t), 'cache'));
  const { server, repository } = await fixture(t);
  const { bytes, descriptor } = randomBlob(3 * MIB);
  server.model.putBlob('ns/app', bytes);
  const store = cachedStore(repository, cache);
  const got = await Promise.all(
    Array.from({ length: 8 }, () => fetchBytes(store, descriptor, { limit: 4 * MIB })),
  );
  assert.ok(got.every((each) => bytes.equals(each)));
  assert.equal(server.count('GET', /\/blobs\//), 1);
});

test('what a process left is removed by clean; what a living one writes stays', async (t) => {
  const cache = await openContentCache(join(temporaryDirectory(t), 'cache'));
  const { server, repository } = await fixture(t, {}, { retry: { attempts: 1 } });
  const { bytes, descriptor } = randomBlob(3 * MIB);
  server.model.putBlob('ns/app', bytes);
  server.fault({ path: /\/blobs\//, does: { cutAnswerAfter: 2 * MIB } });
  await assert.rejects(cache.fill(descriptor, repository));
  const partials = join(cache.directory, 'partial');
  const gone = spawn('true');
  await new Promise((resolve) => gone.once('close', resolve));
  const [own] = readdirSync(partials);
  const theirs = own!.replace(`.${process.pid}-`, `.${gone.pid}-`);
  renameSync(join(partials, own!), join(partials, theirs));
  const claimed = await cache.clean();
  assert.equal(claimed.removed, 1);
  assert.ok(claimed.freedBytes >= MIB);
  assert.deepEqual(readdirSync(partials), []);
});

test('what a dead process was storing in one go is removed by the next that stores something', async (t) => {
  const directory = join(temporaryDirectory(t), 'cache');
  const first = await openContentCache(directory);
  const partials = join(directory, 'partial');
  const [whole, other] = [randomBlob(1000), randomBlob(1000)];
  await first.put(whole.descriptor, async function* stored() {
    yield whole.bytes.subarray(0, 500);
    const [own] = readdirSync(partials);
    const gone = spawn('true');
    await new Promise((resolve) => gone.once('close', resolve));
    writeFileSync(join(partials, own!.replace(`.${process.pid}-`, `.${gone.pid}-`)), 'half');
    yield whole.bytes.subarray(500);
    assert.equal(readdirSync(partials).length, 2);
  });
  assert.equal(readdirSync(partials).length, 1);
  const next = await openContentCache(directory);
  await next.put(other.descriptor, async function* stored() {
    yield other.bytes;
  });
  assert.deepEqual(readdirSync(partials), []);
});

test('two containers with the same process number on one volume keep out of the way of each other', async (t) => {
  const cache = await openContentCache(join(temporaryDirectory(t), 'cache'));
  const { server, repository } = await fixture(t, {}, { retry: { attempts: 1 } });
  const { bytes, descriptor } = randomBlob(4 * MIB);
  server.model.putBlob('ns/app', bytes);
  const partials = join(cache.directory, 'partial');
  const leave = async () => {
    server.fault({ path: /\/blobs\//, does: { cutAnswerAfter: 3 * MIB } });
    await assert.rejects(cache.fill(descriptor, repository), { code: 'OCI_REMOTE_INTERRUPTED' });
    const [own] = readdirSync(partials);
    const theirs = own!.replace(/-[0-9a-f]{12}-([0-9a-f]{12})\.part$/, '-0123456789ab-$1.part');
    assert.notEqual(own, theirs);
    renameSync(join(partials, own!), join(partials, theirs));
    return join(partials, theirs);
  };
  const range = () => server.seen.at(-1)?.headers.range;
  const theirs = await leave();
  const before = readFileSync(theirs);
  await cache.fill(descriptor, repository);
  assert.equal(range(), undefined, 'it was begun anew');
  assert.deepEqual(readFileSync(theirs), before);
  assert.deepEqual(await cache.clean(), { removed: 0, freedBytes: 0 });
  await cache.remove(descriptor.digest);
  // After a while without a sign of life, it is nobody's.
  const past = new Date(Date.now() - IDLE_MS - 1000);
  utimesSync(theirs, past, past);
  await cache.fill(descriptor, repository);
  assert.match(range()!, /^bytes=\d{6,}-$/);
  assert.deepEqual(readdirSync(partials), []);
});

test('a file that another process wrote to is thrown away, and all of it fetched again', async (t) => {
  const cache = await openContentCache(join(temporaryDirectory(t), 'cache'));
  const { server, repository } = await fixture(t);
  const { bytes, descriptor } = randomBlob(4 * MIB);
  server.model.putBlob('ns/app', bytes);
  const partials = join(cache.directory, 'partial');
  const own = () => join(partials, readdirSync(partials)[0]!);
  for (const disturb of [
    () => appendFileSync(own(), 'from another'),
    () => renameSync(own(), join(partials, 'taken')),
  ]) {
    const before = server.count('GET');
    let once = false;
    const onProgress = ({ done }: { done: number }) => {
      if (once || done < 3 * MIB) return;
      once = true;
      disturb();
    };
    await cache.fill(descriptor, repository, { onProgress });
    assert.equal(server.count('GET'), before + 2);
    assert.deepEqual(readFileSync((await cache.path(descriptor.digest))!), bytes);
    await cache.remove(descriptor.digest);
    rmSync(join(partials, 'taken'), { force: true });
  }
  await assert.rejects(
    cache.fill(descriptor, repository, {
      onProgress: () => {
        for (const name of readdirSync(partials)) appendFileSync(join(partials, name), 'x');
      },
    }),
    { code: 'BASE_FILE_UNWRITABLE' },
  );
});

test('who leaves does not end the download for those who wait, in whichever cache object they ask', async (t) => {
  const directory = join(temporaryDirectory(t), 'cache');
  const [one, two] = [await openContentCache(directory), await openContentCache(directory)];
  const { server, repository } = await fixture(t);
  const { bytes, descriptor } = randomBlob(4 * MIB);
  server.model.putBlob('ns/app', bytes);
  server.fault({ path: /\/blobs\//, does: { stallAfter: 3 * MIB } });
  const [first, second] = [new AbortController(), new AbortController()];
  const heard: number[] = [];
  const arrived = new Promise<void>((resolve) => {
    const onProgress = ({ done }: { done: number }) => {
      heard.push(done);
      if (done >= 2.5 * MIB) resolve();
    };
    void Promise.allSettled([
      one.fill(descriptor, repository, { signal: first.signal }),
      two.fill(descriptor, repository, { signal: second.signal, onProgress }),
    ]);
  });
  const third = two.fill(descriptor, repository);
  await arrived;
  assert.equal(server.count('GET', /\/blobs\//), 1, 'one download for both');
  assert.ok(heard.length > 0, 'all hear how far it is');
  second.abort(new Error('the second one left'));
  first.abort(new Error('the first one left'));
  await third;
  const [again, ...more] = server.seen.slice(1).filter(({ method }) => method === 'GET');
  assert.equal(more.length, 0);
  assert.match(again!.headers.range!, /^bytes=\d{7}-$/, 'it went on where it was');
  assert.deepEqual(readFileSync((await one.path(descriptor.digest))!), bytes);
});

test('a download that breaks off on a full disk says why it broke off', async (t) => {
  const full = { writeLater: () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' })) };
  const cache = await openContentCache(join(temporaryDirectory(t), 'cache'), { fileSystem: full });
  const { server, repository } = await fixture(t, {}, { retry: { attempts: 1 } });
  const { bytes, descriptor } = randomBlob(4 * MIB);
  server.model.putBlob('ns/app', bytes);
  server.fault({ path: /\/blobs\//, does: { cutAnswerAfter: MIB / 2 } });
  await assert.rejects(cache.fill(descriptor, repository), { code: 'OCI_REMOTE_INTERRUPTED' });
  await assert.rejects(cache.fill(descriptor, repository), { code: 'BASE_DISK_FULL' });
});

test('a download killed again and again gets done, at most one chunk is read twice', async (t) => {
  const seed = Number(process.env['PROV_SEED'] ?? 20_261_127);
  const random = seeded(seed);
  const directory = join(temporaryDirectory(t), 'cache');
  const cache = await openContentCache(directory);
  const { server } = await fixture(t);
  const SIZE = 24 * MIB;
  const KILLS = 10;
  const { bytes, descriptor } = randomBlob(SIZE);
  server.model.putBlob('ns/app', bytes);
  const room = pathToFileURL(join(import.meta.dirname, '..')).href;
  const script = `
    const { createRemoteRegistry } = await import('${room}/remote/remote-registry.js');
    const { openContentCache } = await import('${room}/store/content-cache.js');
    const registry = createRemoteRegistry({ registry: '${server.host}', env: {} });
    const cache = await openContentCache(${JSON.stringify(directory)});
    await cache.fill(${JSON.stringify(descriptor)}, registry.repository('ns/app'));
    registry.close();`;
  const arguments_ = ['--input-type=module', '-e', script];
  let twice = 0;
  let reached = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const pass = Math.floor(random() * 2 * MIB) + 1;
    server.fault({ path: /\/blobs\//, does: { stallAfter: pass } });
    const before = server.seen.length;
    const child = spawn(process.execPath, arguments_, { stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = new Promise((resolve) => child.once('close', resolve));
    while (server.seen.length === before) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, random() * 150));
    child.kill('SIGKILL');
    await ended;
    twice = Math.max(twice, reached - start(server.seen.at(-1)?.headers.range));
    reached = Math.max(reached, start(server.seen.at(-1)?.headers.range) + pass);
  }
  await cache.fill(descriptor, clientOf(t, server.host).repository('ns/app'));
  twice = Math.max(twice, reached - start(server.seen.at(-1)?.headers.range));
  assert.ok(bytes.equals(readFileSync((await cache.path(descriptor.digest))!)), `seed ${seed}`);
  assert.ok(twice <= 8 * MIB, `${twice} bytes were read twice, seed ${seed}`);
  assert.ok(start(server.seen.at(-1)?.headers.range) > 0, `nothing was kept, seed ${seed}`);
  t.diagnostic(`${KILLS} kills of a download survived, at most ${twice} bytes read twice (seed ${seed})`);

  function start(range: string | undefined): number {
    return range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
  }
});
