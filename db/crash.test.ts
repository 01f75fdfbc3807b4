import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { openDatabase } from './index.js';

const ROUNDS = 5;
const root = mkdtempSync(join(tmpdir(), 'prov-db-crash-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Commits in a loop, eight writes in flight, and prints each id after its acknowledgement. */
const WRITER = `
const { openDatabase } = await import(process.argv[1]);
const database = await openDatabase(process.argv[2], { migrations: JSON.parse(process.argv[3]) });
const round = process.argv[4];
let next = 0;
await Promise.all(Array.from({ length: 8 }, async () => {
  for (;;) {
    const id = round + '-' + next++;
    await database.write([
      { sql: 'INSERT INTO item (name) VALUES (?)', params: [id] },
      { sql: 'INSERT INTO twin (name) VALUES (?)', params: [id] },
    ]);
    process.stdout.write(id + '\\n');
  }
}));
`;
const MIGRATIONS = ['CREATE TABLE item (name TEXT PRIMARY KEY); CREATE TABLE twin (name TEXT PRIMARY KEY);'];

async function killAfter(child: ChildProcess, lines: number): Promise<string[]> {
  const acknowledged: string[] = [];
  const closed = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout! })) {
    acknowledged.push(line);
    if (acknowledged.length === lines) child.kill('SIGKILL');
  }
  await closed;
  return acknowledged;
}

test('kill -9 while committing loses nothing acknowledged and halves nothing', async () => {
  const path = join(root, 'x.db');
  const door = new URL('./index.js', import.meta.url).href;
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const args = ['--input-type=module', '-e', WRITER, door, path, JSON.stringify(MIGRATIONS), String(round)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = 50 + round * 67;
    acknowledged.push(...(await killAfter(child, lines)));
    assert.equal(child.signalCode, 'SIGKILL');

    const database = await openDatabase(path, { migrations: MIGRATIONS });
    const present = new Set(database.all('SELECT name FROM item').map((row) => row['name']));
    const lost = acknowledged.filter((name) => !present.has(name));
    assert.deepEqual(lost, [], `of ${acknowledged.length} acknowledged after round ${round}`);
    const halves = database.get(
      'SELECT count(*) AS n FROM item FULL JOIN twin ON item.name = twin.name WHERE item.name IS NULL OR twin.name IS NULL',
    );
    assert.equal(halves?.['n'], 0);
    assert.equal(database.get('PRAGMA integrity_check')?.['integrity_check'], 'ok');
    await database.close();
  }
  assert.ok(acknowledged.length >= ROUNDS * 50);
});

test('the lock of a killed writer is free at once, that of a living one holds across processes', async () => {
  const path = join(root, 'lock.db');
  const database = await openDatabase(path, { migrations: MIGRATIONS });
  const door = new URL('./index.js', import.meta.url).href;
  const script = `
    const { openDatabase, openReadOnly } = await import(process.argv[1]);
    const reader = await openReadOnly(process.argv[2]);
    reader.all('SELECT * FROM item');
    reader.close();
    await openDatabase(process.argv[2], { migrations: [''] }).then(() => console.log('opened'), (e) => console.log(e.code));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, door, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.deepEqual(await killAfter(child, -1), ['DB_LOCKED']);
  await database.write([{ sql: "INSERT INTO item VALUES ('after the other process')" }]);
  await database.close();
});
