import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isProvError } from '#base';
import { type Database, openDatabase, openReadOnly } from './index.js';

const root = mkdtempSync(join(tmpdir(), 'prov-db-'));
after(() => rmSync(root, { recursive: true, force: true }));

const MIGRATIONS = ['CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB) STRICT;'];
let count = 0;

function freshPath(): string {
  count += 1;
  return join(root, `case-${count}`, 'x.db');
}

async function withDatabase(run: (database: Database) => Promise<void>): Promise<void> {
  const database = await openDatabase(freshPath(), { migrations: MIGRATIONS });
  try {
    await run(database);
  } finally {
    await database.close();
  }
}

const insert = (name: string, data?: Uint8Array) => ({
  sql: 'INSERT INTO item (name, data) VALUES (?, ?) RETURNING id',
  params: [name, data],
});
const code = (expected: Parameters<typeof isProvError>[1]) => (error: unknown) =>
  isProvError(error, expected);

test('a write is seen by later reads, with every type of value intact', () =>
  withDatabase(async (database) => {
    const [result] = await database.write([insert('a', new Uint8Array([1, 2, 0, 255]))]);
    assert.deepEqual(result, { rows: [{ id: 1 }], changes: 1 });
    const row = database.get('SELECT * FROM item WHERE name = ?', ['a'])!;
    assert.deepEqual(
      { ...row, data: [...(row['data'] as Uint8Array)] },
      { id: 1, name: 'a', data: [1, 2, 0, 255] },
    );
    assert.deepEqual(database.all('SELECT id, ? AS yes, ? AS empty FROM item', [true, undefined]), [
      { id: 1, yes: 1, empty: null },
    ]);
    assert.ok(database.all('SELECT data FROM item')[0]?.['data'] instanceof Uint8Array);
    assert.equal(database.get('SELECT 1 FROM item WHERE id = 99'), undefined);
  }));

test('a failing statement undoes its own write and no other of the same batch', () =>
  withDatabase(async (database) => {
    const outcomes = await Promise.allSettled([
      database.write([insert('a')]),
      database.write([insert('b'), insert('a')]),
      database.write([insert('c')]),
      database.write([{ sql: 'SELECT nonsense' }]),
    ]);
    assert.deepEqual(
      outcomes.map((each) => (each.status === 'fulfilled' ? 'ok' : each.reason.code)),
      ['ok', 'DB_CONSTRAINT_VIOLATED', 'ok', 'DB_STATEMENT_FAILED'],
    );
    assert.deepEqual(database.all('SELECT name FROM item ORDER BY name'), [{ name: 'a' }, { name: 'c' }]);
    assert.throws(() => database.all('SELECT nonsense'), code('DB_STATEMENT_FAILED'));
    assert.throws(() => database.all('SELECT ?', [Number.NaN]), code('DB_STATEMENT_FAILED'));
  }));

test('a condition that does not hold refuses the whole write', () =>
  withDatabase(async (database) => {
    await database.write([insert('a')]);
    const taken = {
      sql: 'SELECT 1 FROM item WHERE name = ?',
      params: ['a'],
      expect: 'none',
      label: 'name is free',
    } as const;
    await assert.rejects(database.write([insert('b'), taken]), (error) => {
      assert.ok(isProvError(error, 'DB_EXPECTATION_FAILED'));
      assert.equal(error.details['label'], 'name is free');
      return true;
    });
    const update = {
      sql: "UPDATE item SET name = 'z' WHERE name = ?",
      params: ['none'],
      expect: 'some',
    } as const;
    await assert.rejects(database.write([insert('b'), update]), code('DB_EXPECTATION_FAILED'));
    assert.equal(database.get('SELECT count(*) AS n FROM item')?.['n'], 1);
  }));

test('a second writer is refused and told who has it, until the first closes', async () => {
  const path = freshPath();
  const first = await openDatabase(path, { migrations: MIGRATIONS });
  await assert.rejects(openDatabase(path, { migrations: MIGRATIONS }), (error) => {
    assert.ok(isProvError(error, 'DB_LOCKED'));
    assert.match(error.message, new RegExp(`process ${process.pid}`));
    return true;
  });
  await first.write([insert('still works')]);
  await first.close();
  await first.close();
  await assert.rejects(first.write([insert('late')]), code('DB_CLOSED'));
  assert.throws(() => first.get('SELECT 1'), code('DB_CLOSED'));
  const second = await openDatabase(path, { migrations: MIGRATIONS });
  assert.equal(second.get('SELECT count(*) AS n FROM item')?.['n'], 1);
  await second.close();
  assert.equal(
    statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    0,
    'a closed database leaves no WAL',
  );
});

test('migrations run once each, a failing one leaves the file as it was, a newer file is refused', async () => {
  const path = freshPath();
  await (await openDatabase(path, { migrations: MIGRATIONS })).close();
  const broken = [...MIGRATIONS, 'CREATE TABLE other (id INTEGER); CREATE NONSENSE;'];
  await assert.rejects(openDatabase(path, { migrations: broken }), code('DB_OPEN_FAILED'));
  const two = [...MIGRATIONS, 'CREATE TABLE other (id INTEGER);'];
  await (await openDatabase(path, { migrations: two })).close();
  await (await openDatabase(path, { migrations: two })).close();
  await assert.rejects(openDatabase(path, { migrations: MIGRATIONS }), code('DB_SCHEMA_NEWER'));
});

test('a file that is no database is refused and left alone', async () => {
  const path = join(root, 'text.db');
  writeFileSync(path, 'not a database, '.repeat(100));
  await assert.rejects(openDatabase(path, { migrations: MIGRATIONS }), code('DB_OPEN_FAILED'));
  await assert.rejects(openReadOnly(path), code('DB_OPEN_FAILED'));
  await assert.rejects(openReadOnly(join(root, 'missing.db')), code('BASE_FILE_MISSING'));
});

test('a reader beside the writer sees commits and cannot write', () =>
  withDatabase(async (database) => {
    const reader = await openReadOnly(database.path);
    await database.write([insert('a')]);
    assert.equal(reader.get('SELECT name FROM item')?.['name'], 'a');
    assert.throws(
      () => reader.all("INSERT INTO item (name) VALUES ('b') RETURNING id"),
      code('DB_STATEMENT_FAILED'),
    );
    reader.close();
    reader.close();
    assert.throws(() => reader.get('SELECT 1'), code('DB_CLOSED'));
  }));

test('a snapshot is a complete database, and appears whole or not at all', () =>
  withDatabase(async (database) => {
    await database.write(Array.from({ length: 100 }, (_, i) => insert(`n${i}`)));
    const target = join(root, 'snapshot.db');
    await database.snapshot(target);
    const copy = await openReadOnly(target);
    assert.equal(copy.get('SELECT count(*) AS n FROM item')?.['n'], 100);
    copy.close();
    const nowhere = join(root, 'no-such-directory');
    await assert.rejects(database.snapshot(join(nowhere, 'x.db')), code('DB_WRITE_FAILED'));
    assert.ok(!existsSync(nowhere));
    assert.deepEqual(
      readdirSync(root).filter((name) => name.endsWith('.tmp')),
      [],
    );
  }));

test('an aborted signal stops a write before it is handed over', () =>
  withDatabase(async (database) => {
    await assert.rejects(database.write([insert('a')], { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    await assert.rejects(openDatabase(freshPath(), { migrations: [], signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    assert.equal(database.get('SELECT count(*) AS n FROM item')?.['n'], 0);
  }));

test('many writes at once share fsyncs and keep their order', () =>
  withDatabase(async (database) => {
    const results = await Promise.all(
      Array.from({ length: 2000 }, (_, i) => database.write([insert(`n${i}`)])),
    );
    assert.deepEqual(
      results.map(([result]) => result?.rows[0]?.['id']),
      Array.from({ length: 2000 }, (_, i) => i + 1),
    );
  }));

test('a full disk refuses the write and keeps the database usable', () =>
  withDatabase(async (database) => {
    await database.write([insert('before'), { sql: 'PRAGMA max_page_count = 20' }]);
    const big = new Uint8Array(1024 * 1024);
    await assert.rejects(database.write([insert('big', big)]), code('BASE_DISK_FULL'));
    await database.write([insert('after')]);
    assert.deepEqual(database.all('SELECT name FROM item ORDER BY id'), [
      { name: 'before' },
      { name: 'after' },
    ]);
  }));

test('a damaged file takes no more writes', async () => {
  const path = freshPath();
  const first = await openDatabase(path, { migrations: MIGRATIONS });
  await first.write(Array.from({ length: 500 }, (_, i) => insert(`row ${i} ${'x'.repeat(200)}`)));
  await first.close();
  const { size } = statSync(path);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(size - 4096, 0xee), 0, size - 4096, 4096);
  closeSync(file);
  const second = await openDatabase(path, { migrations: MIGRATIONS });
  await assert.rejects(second.write([insert('more')]), code('DB_WRITE_FAILED'));
  await assert.rejects(second.write([{ sql: 'SELECT 1' }]), code('DB_BROKEN'));
  await second.close();
});
