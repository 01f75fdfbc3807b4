import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Script } from 'node:vm';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { openCodeCache } from './code-cache.js';

const TEXT = '(a, b) => { const sum = a + b; return String(sum).repeat(3); }';

/** A cache with one module in it, made as a run of prov makes it. */
function filled(directory: string): string {
  const cache = openCodeCache(directory, 'stamp');
  assert.equal(cache.get('a'), undefined);
  const script = new Script(TEXT, { filename: 'a.js' });
  (script.runInThisContext() as (a: number, b: number) => string)(1, 2);
  cache.add('a', script);
  cache.save();
  return join(directory, readdirSync(directory)[0]!);
}

test('code that was kept is accepted by V8, and stays when more is added', (t) => {
  const directory = join(temporaryDirectory(t), 'cache');
  const file = filled(directory);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const again = openCodeCache(directory, 'stamp');
  const cachedData = again.get('a')!;
  assert.equal(new Script(TEXT, { filename: 'a.js', cachedData }).cachedDataRejected, false);
  again.add('b', new Script('1'));
  again.save();
  const third = openCodeCache(directory, 'stamp');
  assert.ok(third.get('a') !== undefined && third.get('b') !== undefined);
  assert.equal(openCodeCache(directory, 'other').get('a'), undefined);
});

test('code is not taken from a file or a directory that others may write to', (t) => {
  const directory = join(temporaryDirectory(t), 'cache');
  const file = filled(directory);
  for (const [path, mode, safe] of [
    [file, 0o660, 0o600],
    [file, 0o602, 0o600],
    [directory, 0o770, 0o700],
    [directory, 0o777, 0o700],
  ] as const) {
    chmodSync(path, mode);
    assert.equal(openCodeCache(directory, 'stamp').get('a'), undefined, `${path} ${mode.toString(8)}`);
    chmodSync(path, safe);
    assert.ok(openCodeCache(directory, 'stamp').get('a'));
  }
  chmodSync(directory, 0o777);
  const cache = openCodeCache(directory, 'new');
  cache.add('a', new Script(TEXT));
  cache.save();
  assert.equal(readdirSync(directory).length, 1, 'nothing is written there either');
});

test('damaged code counts as absent, whatever byte is wrong', (t) => {
  const directory = join(temporaryDirectory(t), 'cache');
  const file = filled(directory);
  const bytes = readFileSync(file);
  const positions = [0, 4, 9, 20, Math.trunc(bytes.length / 2), bytes.length - 16];
  for (const position of positions) {
    const damaged = Buffer.from(bytes);
    damaged[position]! ^= 0x55;
    writeFileSync(file, damaged);
    assert.equal(openCodeCache(directory, 'stamp').get('a'), undefined, `byte ${position}`);
  }
  for (const length of [0, 7, 30, bytes.length - 16]) {
    writeFileSync(file, bytes.subarray(0, length));
    assert.equal(openCodeCache(directory, 'stamp').get('a'), undefined, `${length} bytes`);
  }
});

test('a cache that cannot be written is no error', (t) => {
  const directory = join(temporaryDirectory(t), 'cache');
  writeFileSync(directory, 'a file in its place');
  const cache = openCodeCache(directory, 'stamp');
  cache.add('a', new Script(TEXT));
  cache.save();
  const below = join(directory, 'deeper');
  openCodeCache(below, 'stamp').save();
  assert.equal(readFileSync(directory, 'utf8'), 'a file in its place');
});

test('a cache that is a link is neither read nor written, and nothing is removed where it leads', (t) => {
  const home = temporaryDirectory(t);
  const [victim, directory] = [join(home, 'victim'), join(home, 'cache')];
  mkdirSync(victim, { mode: 0o700 });
  const old = join(victim, 'old.tmp');
  writeFileSync(old, 'of somebody else');
  utimesSync(old, 1, 1);
  symlinkSync(victim, directory);
  const cache = openCodeCache(directory, 'stamp');
  cache.add('a', new Script(TEXT));
  cache.save();
  assert.deepEqual(readdirSync(victim), ['old.tmp']);
});

test('root makes nothing in the home of another user', { skip: process.geteuid?.() !== 0 }, (t) => {
  const home = join(temporaryDirectory(t), 'home');
  mkdirSync(home);
  lchownSync(home, 12345, 12345);
  const directory = join(home, '.provisioning', 'compile-cache');
  const cache = openCodeCache(directory, 'stamp');
  cache.add('a', new Script(TEXT));
  cache.save();
  assert.equal(existsSync(join(home, '.provisioning')), false);
  // A link that the user made leads to what root owns.
  const elsewhere = join(home, '..', 'elsewhere');
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, join(home, '.provisioning'));
  lchownSync(join(home, '.provisioning'), 12345, 12345);
  cache.save();
  assert.deepEqual(readdirSync(elsewhere), []);
});
