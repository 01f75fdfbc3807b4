import { chmodSync, existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { isProvError, makeDirectories, ProvError, writeError } from '#base';
import { openDatabase, openReadOnly, type Reader, type Row } from '#db';
import type { EventLog, StoredEvent } from './event-log.js';
import { number } from './memory-event-log.js';
import { Subscribers } from './subscribers.js';

const MIGRATIONS = [
  `CREATE TABLE events (
     stream TEXT NOT NULL,
     seq INTEGER NOT NULL,
     time TEXT NOT NULL,
     type TEXT NOT NULL,
     task TEXT,
     data TEXT NOT NULL,
     PRIMARY KEY (stream, seq)
   ) STRICT, WITHOUT ROWID`,
];
const FILE = 'events.db';

/**
 * Opens (or creates) `events.db` in `directory` as its one writer: an event whose append resolved is
 * there after any crash. The lock belongs to the process, so a killed runner never leaves one behind.
 * @throws RUNTIME_LOCKED when another process runs this workspace
 */
export async function openEventLog(
  directory: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<EventLog> {
  makePrivate(directory);
  const path = join(directory, FILE);
  const db = await openDatabase(path, { migrations: MIGRATIONS, signal: options.signal }).catch(
    (error: unknown) => {
      if (!isProvError(error, 'DB_LOCKED')) throw error;
      throw new ProvError(
        'RUNTIME_LOCKED',
        { path: directory, owner: error.details['owner'] ?? '' },
        { cause: error },
      );
    },
  );
  chmodSync(path, 0o600);
  const subscribers = new Subscribers();
  return {
    async append(stream, events, expectedSeq) {
      const stored = number(stream, events, expectedSeq);
      try {
        await db.write(stored.map((event) => insertion(event, expectedSeq)));
      } catch (error) {
        if (!isProvError(error, 'DB_EXPECTATION_FAILED')) throw error;
        throw new ProvError(
          'RUNTIME_LOG_CONFLICT',
          { stream, expected: expectedSeq, actual: lastSeq(db, stream) },
          { cause: error },
        );
      }
      subscribers.notify(stored);
      return expectedSeq + events.length;
    },
    read: async (stream, afterSeq, limit) => readEvents(db, { stream, afterSeq, limit }),
    lastSeq: async (stream) => lastSeq(db, stream),
    subscribe: (stream, listener) => subscribers.add(stream, listener),
    close: () => db.close(),
  };
}

/**
 * What runs leaves outputs and logs here. A workspace that somebody else made may come with a directory that
 * all can read, or with a link that leads elsewhere.
 * @throws BASE_FILE_UNWRITABLE
 */
function makePrivate(directory: string): void {
  try {
    makeDirectories(directory, { mode: 0o700 });
    if (!lstatSync(directory).isDirectory()) throw new Error('it is a link');
    chmodSync(directory, 0o700);
  } catch (error) {
    throw writeError(directory, error);
  }
}

/**
 * The events of a stream as another process may read them, beside a running runner. Empty when nothing
 * ever ran in `directory`.
 */
export async function readEventLog(
  directory: string,
  stream: string,
  afterSeq = 0,
): Promise<readonly StoredEvent[]> {
  const path = join(directory, FILE);
  if (!existsSync(path)) return [];
  const db = await openReadOnly(path);
  try {
    return readEvents(db, { stream, afterSeq });
  } finally {
    db.close();
  }
}

function insertion(event: StoredEvent, expectedSeq: number) {
  const values = [
    event.stream,
    event.seq,
    event.time,
    event.type,
    event.task ?? null,
    JSON.stringify(event.data),
  ];
  const columns = 'INSERT INTO events (stream, seq, time, type, task, data)';
  if (event.seq !== expectedSeq + 1) return { sql: `${columns} VALUES (?, ?, ?, ?, ?, ?)`, params: values };
  return {
    sql: `${columns} SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT coalesce(max(seq), 0) FROM events WHERE stream = ?) = ?`,
    params: [...values, event.stream, expectedSeq],
    expect: 'some' as const,
    label: 'last sequence number',
  };
}

function lastSeq(db: Reader, stream: string): number {
  return Number(
    db.get('SELECT coalesce(max(seq), 0) AS seq FROM events WHERE stream = ?', [stream])?.['seq'] ?? 0,
  );
}

function readEvents(
  db: Reader,
  range: { stream: string; afterSeq: number; limit?: number | undefined },
): readonly StoredEvent[] {
  const sql =
    'SELECT stream, seq, time, type, task, data FROM events WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?';
  return db.all(sql, [range.stream, range.afterSeq, range.limit ?? -1]).map(fromRow);
}

function fromRow(row: Row): StoredEvent {
  return {
    stream: String(row['stream']),
    seq: Number(row['seq']),
    time: String(row['time']),
    type: String(row['type']),
    ...(row['task'] === null ? {} : { task: String(row['task']) }),
    data: JSON.parse(String(row['data'])) as StoredEvent['data'],
  };
}
