import { type Digest, isProvError, ProvError } from '#base';
import { type Database, openDatabase, type Statement, type StatementResult } from '#db';
import { foldName, splitRepository, tagToVersion } from '#schemas';
import { type Condition, createRepository, manifestStatements } from './manifest-statements.js';
import type { ManifestWrite, MetadataDb } from './metadata-db.js';
import { sqliteReads } from './sqlite-reads.js';
import { MIGRATIONS } from './sqlite-schema.js';

/** Opens the metadata in one SQLite file. @throws DB_LOCKED, DB_OPEN_FAILED, DB_SCHEMA_NEWER */
export async function openSqliteMetadata(path: string, signal?: AbortSignal): Promise<MetadataDb> {
  const db = await openDatabase(path, { migrations: MIGRATIONS, signal });
  const reads = sqliteReads(db);
  const link = (repository: string, digest: Digest): Statement => ({
    sql: 'INSERT INTO repository_blob VALUES (?, ?) ON CONFLICT DO NOTHING',
    params: [repository, digest],
  });
  return {
    ...reads,
    async addBlob(repository, { digest, size, upload }) {
      const now = Date.now();
      await db.write([
        createRepository(repository, now),
        { sql: 'INSERT INTO blob VALUES (?, ?, ?) ON CONFLICT DO NOTHING', params: [digest, size, now] },
        link(repository, digest),
        { sql: 'DELETE FROM upload WHERE id = ?', params: [upload] },
      ]);
    },
    async mountBlob(repository, digest, from) {
      const source: Statement = {
        sql: 'SELECT 1 FROM repository_blob WHERE digest = ? AND (? IS NULL OR repository = ?) LIMIT 1',
        params: [digest, from, from],
        expect: 'some',
        label: 'source',
      };
      try {
        await db.write([source, createRepository(repository, Date.now()), link(repository, digest)]);
        return true;
      } catch (error) {
        if (isProvError(error, 'DB_EXPECTATION_FAILED')) return false;
        throw error;
      }
    },
    async removeBlob(repository, digest) {
      const unused: Statement = {
        sql: 'SELECT 1 FROM manifest_edge WHERE repository = ? AND child = ? LIMIT 1',
        params: [repository, digest],
        expect: 'none',
        label: 'unused',
      };
      const unlink: Statement = {
        sql: 'DELETE FROM repository_blob WHERE repository = ? AND digest = ?',
        params: [repository, digest],
        expect: 'some',
        label: 'present',
      };
      await conditional(db, [unused, unlink], {
        unused: () => new ProvError('REGISTRY_BLOB_REFERENCED', { repository, digest }),
        present: () => new ProvError('REGISTRY_BLOB_UNKNOWN', { repository, digest }),
      });
    },
    async addUpload({ id, repository, algorithm, startedAt }) {
      await db.write([
        { sql: 'INSERT INTO upload VALUES (?, ?, ?, ?)', params: [id, repository, algorithm, startedAt] },
      ]);
    },
    async removeUpload(id) {
      await db.write([{ sql: 'DELETE FROM upload WHERE id = ?', params: [id] }]);
    },
    async putManifest(write) {
      await conditional(db, manifestStatements(write, Date.now()), manifestRefusals(db, write));
    },
    async removeTag(repository, tag) {
      const remove: Statement = {
        sql: 'DELETE FROM tag WHERE repository = ? AND name = ?',
        params: [repository, tag],
        expect: 'some',
        label: 'present',
      };
      await conditional(db, [remove, tagRemoved(repository, tag)], {
        present: () => new ProvError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference: tag }),
      });
    },
    async removeManifest(repository, digest) {
      const results = await conditional(db, removeStatements(repository, digest), {
        present: () => new ProvError('REGISTRY_MANIFEST_UNKNOWN', { repository, reference: digest }),
      });
      return results[3]!.rows.map((row) => row['name'] as string);
    },
    async setLifecycle(repository, digest, record) {
      const key = [repository, digest];
      const done = { sql: 'DELETE FROM lifecycle_due WHERE repository = ? AND digest = ?', params: key };
      const { state, reason, replacement, signers = [] } = record ?? {};
      await db.write(
        record === undefined
          ? [{ sql: 'DELETE FROM lifecycle WHERE repository = ? AND digest = ?', params: key }, done]
          : [
              {
                sql: 'INSERT OR REPLACE INTO lifecycle VALUES (?, ?, ?, ?, ?, ?)',
                params: [...key, state, reason, replacement, JSON.stringify(signers)],
              },
              done,
            ],
      );
    },
    close: () => db.close(),
  };
}

type Refusals = Readonly<Record<string, () => ProvError>>;

/** A write whose failed condition becomes the error that `refusals` has for it. */
async function conditional(
  db: Database,
  statements: readonly Statement[],
  refusals: Refusals,
): Promise<readonly StatementResult[]> {
  try {
    return await db.write(statements);
  } catch (error) {
    if (!isProvError(error, 'DB_EXPECTATION_FAILED')) throw error;
    throw refusals[String(error.details['label'])]?.() ?? error;
  }
}

function tagRemoved(repository: string, tag: string): Statement {
  return {
    sql: 'INSERT INTO tag_event (repository, name, digest, at) VALUES (?, ?, NULL, ?)',
    params: [repository, tag, Date.now()],
  };
}

function removeStatements(repository: string, digest: Digest): Statement[] {
  const { namespace, name } = splitRepository(repository);
  const key = [repository, digest];
  return [
    {
      sql: `INSERT INTO lifecycle_due (repository, digest) SELECT repository, subject FROM manifest
        WHERE repository = ? AND digest = ? AND subject IS NOT NULL ON CONFLICT DO NOTHING`,
      params: key,
    },
    {
      sql: 'DELETE FROM manifest WHERE repository = ? AND digest = ?',
      params: key,
      expect: 'some',
      label: 'present',
    },
    {
      sql: `INSERT INTO tag_event (repository, name, digest, at)
        SELECT repository, name, NULL, ? FROM tag WHERE repository = ? AND digest = ?`,
      params: [Date.now(), ...key],
    },
    { sql: 'DELETE FROM tag WHERE repository = ? AND digest = ? RETURNING name', params: key },
    { sql: 'DELETE FROM lifecycle WHERE repository = ? AND digest = ?', params: key },
    { sql: 'DELETE FROM manifest_edge WHERE repository = ? AND parent = ?', params: key },
    { sql: 'DELETE FROM extension WHERE repository = ? AND digest = ?', params: key },
    {
      sql: `DELETE FROM extension_name WHERE namespace = ? AND folded = ? AND name = ?
        AND NOT EXISTS (SELECT 1 FROM extension WHERE repository = ?)`,
      params: [namespace, foldName(name), name, repository],
    },
  ];
}

function manifestRefusals(db: Database, write: ManifestWrite): Record<Condition, () => ProvError> {
  const { repository, extension } = write;
  const { namespace, name } = splitRepository(repository);
  const tag = write.tags.join(', ');
  const missing = (table: string, digests: readonly string[]) => () => {
    const sql = `SELECT value FROM json_each(?) j
      WHERE NOT EXISTS (SELECT 1 FROM ${table} x WHERE x.repository = ? AND x.digest = j.value) LIMIT 10`;
    const absent = db.all(sql, [JSON.stringify(digests), repository]).map((row) => row['value']);
    return new ProvError('REGISTRY_MANIFEST_BLOB_UNKNOWN', { repository, missing: absent.join(', ') });
  };
  const holder = () =>
    db.get('SELECT name, kind FROM extension_name WHERE namespace = ? AND folded = ?', [
      namespace,
      foldName(name),
    ]);
  const sibling = () => {
    const base = extension?.version.replace(/\+.*$/, '');
    const rows = db.all('SELECT name FROM tag WHERE repository = ? AND base_version = ?', [repository, base]);
    return rows
      .map((row) => tagToVersion(row['name'] as string))
      .find((version) => version !== extension?.version);
  };
  return {
    blobs: missing('repository_blob', write.blobs),
    children: missing('manifest', write.children),
    'create-only': () => new ProvError('REGISTRY_TAG_EXISTS', { repository, tag }),
    'if-match': () => new ProvError('REGISTRY_TAG_CHANGED', { repository, tag }),
    immutable: () => new ProvError('REGISTRY_TAG_IMMUTABLE', { repository, tag }),
    deleted: () => new ProvError('REGISTRY_VERSION_DELETED', { repository, tag }),
    'extension-name': () =>
      new ProvError('REGISTRY_EXTENSION_NAME_COLLISION', { name, taken: holder()?.['name'] }),
    'extension-kind': () =>
      new ProvError('REGISTRY_EXTENSION_KIND_TAKEN', {
        repository,
        kind: extension?.kind,
        taken: holder()?.['kind'],
      }),
    'build-metadata': () =>
      new ProvError('REGISTRY_VERSION_COLLISION', {
        repository,
        version: extension?.version,
        taken: sibling(),
      }),
  };
}
