import type { Statement } from '#db';
import { foldName, splitRepository, tagToVersion } from '#schemas';
import { speaksOfLifecycle } from './lifecycle-referrers.js';
import type { ManifestWrite } from './metadata-db.js';

/** Labels of the conditions under which a manifest is stored. */
export type Condition =
  | 'blobs'
  | 'children'
  | 'create-only'
  | 'if-match'
  | 'immutable'
  | 'deleted'
  | 'extension-name'
  | 'extension-kind'
  | 'build-metadata';

/** The version of a tag without its build metadata; null for tags that are not versions. */
export function baseVersion(tag: string): string | null {
  return tagToVersion(tag)?.replace(/\+.*$/, '') ?? null;
}

/** The statements that store a manifest, conditions first, in one atomic write. */
export function manifestStatements(write: ManifestWrite, now: number): Statement[] {
  const { repository, manifest, tags } = write;
  return [
    createRepository(repository, now),
    present('blobs', 'repository_blob', repository, write.blobs),
    present('children', 'manifest', repository, write.children),
    ...tags.flatMap((tag) => tagConditions(write, tag)),
    {
      sql: `INSERT INTO manifest (repository, digest, media_type, size, artifact_type, subject, annotations, created_at, bytes)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      params: [
        repository,
        manifest.digest,
        manifest.mediaType,
        manifest.bytes.byteLength,
        write.artifactType,
        write.subject,
        write.annotations === undefined ? null : JSON.stringify(write.annotations),
        now,
        manifest.bytes,
      ],
    },
    edges('blob', repository, manifest.digest, write.blobs),
    edges('manifest', repository, manifest.digest, write.children),
    ...extensionStatements(write),
    ...lifecycleStatements(write),
    ...tags.flatMap((tag) => tagStatements(write, tag, now)),
  ];
}

export function createRepository(repository: string, now: number): Statement {
  return { sql: 'INSERT INTO repository VALUES (?, ?) ON CONFLICT DO NOTHING', params: [repository, now] };
}

function present(label: Condition, table: string, repository: string, digests: readonly string[]): Statement {
  const sql = `SELECT 1 FROM json_each(?) j
    WHERE NOT EXISTS (SELECT 1 FROM ${table} x WHERE x.repository = ? AND x.digest = j.value) LIMIT 1`;
  return { sql, params: [JSON.stringify(digests), repository], expect: 'none', label };
}

function tagConditions(
  { repository, manifest, createOnly, expected, extension }: ManifestWrite,
  tag: string,
): Statement[] {
  const differs: Omit<Statement, 'label'> = {
    sql: 'SELECT 1 FROM tag WHERE repository = ? AND name = ? AND digest <> ?',
    params: [repository, tag, manifest.digest],
    expect: 'none',
  };
  const base = baseVersion(tag);
  const out: Statement[] = [];
  if (expected !== undefined) {
    const any = expected.includes('*');
    out.push({
      sql: `SELECT 1 FROM tag WHERE repository = ? AND name = ? AND (? OR digest IN (SELECT value FROM json_each(?)))`,
      params: [repository, tag, any, JSON.stringify(expected)],
      expect: 'some',
      label: 'if-match' satisfies Condition,
    });
  }
  if (createOnly) out.push({ ...differs, label: 'create-only' satisfies Condition });
  if (base !== null) {
    out.push({ ...differs, label: 'immutable' satisfies Condition });
    // Who has pulled a version must never get another content under its name, also after it was deleted.
    out.push({
      sql: `SELECT 1 FROM tag_event WHERE repository = ? AND name = ? AND digest IS NOT NULL AND digest <> ? LIMIT 1`,
      params: [repository, tag, manifest.digest],
      expect: 'none',
      label: 'deleted' satisfies Condition,
    });
  }
  if (base !== null && extension !== undefined) {
    out.push({
      sql: 'SELECT 1 FROM tag WHERE repository = ? AND base_version = ? AND name <> ?',
      params: [repository, base, tag],
      expect: 'none',
      label: 'build-metadata' satisfies Condition,
    });
  }
  return out;
}

function edges(type: string, repository: string, parent: string, children: readonly string[]): Statement {
  const sql = `INSERT INTO manifest_edge (repository, child, parent, type)
    SELECT ?, value, ?, ? FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`;
  return { sql, params: [repository, parent, type, JSON.stringify(children)] };
}

function extensionStatements({ repository, manifest, extension }: ManifestWrite): Statement[] {
  if (extension === undefined) return [];
  const { namespace, name } = splitRepository(repository);
  const folded = foldName(name);
  return [
    {
      sql: 'INSERT INTO extension_name VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      params: [namespace, folded, name, extension.kind],
    },
    {
      sql: 'SELECT 1 FROM extension_name WHERE namespace = ? AND folded = ? AND name = ?',
      params: [namespace, folded, name],
      expect: 'some',
      label: 'extension-name' satisfies Condition,
    },
    {
      sql: 'SELECT 1 FROM extension_name WHERE namespace = ? AND folded = ? AND kind = ?',
      params: [namespace, folded, extension.kind],
      expect: 'some',
      label: 'extension-kind' satisfies Condition,
    },
    {
      sql: `INSERT INTO extension
        (repository, digest, name, kind, version, description, deps, deprecated, replacement, keywords)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      params: [
        repository,
        manifest.digest,
        extension.name,
        extension.kind,
        extension.version,
        extension.description,
        JSON.stringify(extension.deps),
        extension.deprecated,
        extension.replacement,
        extension.keywords === undefined ? null : JSON.stringify(extension.keywords),
      ],
    },
  ];
}

/** A referrer that can change what is said of an extension makes its row due; so does one that was there before it. */
function lifecycleStatements({
  repository,
  manifest,
  subject,
  artifactType,
  extension,
}: ManifestWrite): Statement[] {
  const due = 'INSERT INTO lifecycle_due (repository, digest)';
  const out: Statement[] = [];
  if (subject !== undefined && speaksOfLifecycle(artifactType))
    out.push({
      sql: `${due} VALUES (?, ?) ON CONFLICT DO NOTHING`,
      params: [repository, subject],
    });
  if (extension !== undefined)
    out.push({
      sql: `${due} SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM manifest WHERE repository = ?1 AND subject = ?2)
        ON CONFLICT DO NOTHING`,
      params: [repository, manifest.digest],
    });
  return out;
}

function tagStatements({ repository, manifest }: ManifestWrite, tag: string, now: number): Statement[] {
  return [
    {
      sql: `INSERT INTO tag_event (repository, name, digest, at) SELECT ?1, ?2, ?3, ?4
        WHERE NOT EXISTS (SELECT 1 FROM tag WHERE repository = ?1 AND name = ?2 AND digest = ?3)`,
      params: [repository, tag, manifest.digest, now],
    },
    {
      sql: `INSERT INTO tag (repository, name, digest, base_version, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
        ON CONFLICT DO UPDATE SET digest = excluded.digest, updated_at = excluded.updated_at WHERE digest <> excluded.digest`,
      params: [repository, tag, manifest.digest, baseVersion(tag), now],
    },
  ];
}
