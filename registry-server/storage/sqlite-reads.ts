import type { Digest, DigestAlgorithm } from '#base';
import type { Reader, Row } from '#db';
import type { Descriptor, Kind, LifecycleState } from '#schemas';
import type { LifecycleRecord, MetadataDb, PublishedVersion, UploadRecord } from './metadata-db.js';

type Reads = Pick<
  MetadataDb,
  | 'hasRepository'
  | 'listRepositories'
  | 'findBlob'
  | 'findUpload'
  | 'listUploads'
  | 'findManifest'
  | 'findTag'
  | 'listTags'
  | 'listReferrers'
  | 'listVersions'
  | 'listLifecycleDue'
>;

const VERSIONS = `
SELECT t.repository, t.name AS tag, t.digest, t.created_at, m.size, e.name, e.kind, e.version, e.description, e.deps,
  e.deprecated, e.replacement, e.keywords, l.state AS said, l.reason AS said_reason,
  l.replacement AS said_replacement, l.signers
FROM extension e
JOIN tag t ON t.repository = e.repository AND t.digest = e.digest AND t.base_version IS NOT NULL
JOIN manifest m ON m.repository = e.repository AND m.digest = e.digest
LEFT JOIN lifecycle l ON l.repository = e.repository AND l.digest = e.digest`;

/** The reading half of the metadata, on committed data. */
export function sqliteReads(db: Reader): Reads {
  return {
    async hasRepository(repository) {
      return db.get('SELECT 1 FROM repository WHERE name = ?', [repository]) !== undefined;
    },
    async listRepositories({ limit, after }) {
      const rows = db.all('SELECT name FROM repository WHERE name > ? ORDER BY name LIMIT ?', [
        after ?? '',
        limit,
      ]);
      return rows.map(nameOf);
    },
    async findBlob(repository, digest) {
      const sql =
        'SELECT b.size FROM repository_blob r JOIN blob b USING (digest) WHERE r.repository = ? AND r.digest = ?';
      return db.get(sql, [repository, digest])?.['size'] as number | undefined;
    },
    async findUpload(id) {
      const row = db.get('SELECT * FROM upload WHERE id = ?', [id]);
      return row === undefined ? undefined : uploadOf(row);
    },
    async listUploads() {
      return db.all('SELECT * FROM upload').map(uploadOf);
    },
    async findManifest(repository, digest) {
      const sql = 'SELECT media_type, bytes FROM manifest WHERE repository = ? AND digest = ?';
      const row = db.get(sql, [repository, digest]);
      if (row === undefined) return undefined;
      return { digest, mediaType: row['media_type'] as string, bytes: row['bytes'] as Uint8Array };
    },
    async findTag(repository, tag) {
      const row = db.get('SELECT digest FROM tag WHERE repository = ? AND name = ?', [repository, tag]);
      return row?.['digest'] as Digest | undefined;
    },
    async listTags(repository, { limit, after }) {
      const sql = 'SELECT name FROM tag WHERE repository = ? AND name > ? ORDER BY name LIMIT ?';
      return db.all(sql, [repository, after ?? '', limit]).map(nameOf);
    },
    async listReferrers(repository, subject, artifactType) {
      const sql = `SELECT digest, media_type, size, artifact_type, annotations FROM manifest
        WHERE repository = ? AND subject = ? ${artifactType === undefined ? '' : 'AND artifact_type = ?'} ORDER BY digest`;
      return db
        .all(sql, [repository, subject, ...(artifactType === undefined ? [] : [artifactType])])
        .map(descriptorOf);
    },
    async listVersions(repository) {
      const order = 'ORDER BY t.repository, t.created_at, t.name';
      const rows =
        repository === undefined
          ? db.all(`${VERSIONS} ${order}`)
          : db.all(`${VERSIONS} WHERE e.repository = ? ${order}`, [repository]);
      return rows.map(versionOf);
    },
    async listLifecycleDue() {
      return db.all('SELECT repository, digest FROM lifecycle_due').map((row) => ({
        repository: row['repository'] as string,
        digest: row['digest'] as Digest,
      }));
    },
  };
}

function nameOf(row: Row): string {
  return row['name'] as string;
}

function uploadOf(row: Row): UploadRecord {
  return {
    id: row['id'] as string,
    repository: row['repository'] as string,
    algorithm: row['algorithm'] as DigestAlgorithm,
    startedAt: row['started_at'] as number,
  };
}

function descriptorOf(row: Row): Descriptor {
  const { artifact_type: artifactType, annotations } = row;
  return {
    mediaType: row['media_type'] as string,
    digest: row['digest'] as Digest,
    size: row['size'] as number,
    ...(artifactType === null ? {} : { artifactType: artifactType as string }),
    ...(annotations === null
      ? {}
      : { annotations: JSON.parse(annotations as string) as Record<string, string> }),
  };
}

function versionOf(row: Row): PublishedVersion {
  return {
    repository: row['repository'] as string,
    tag: row['tag'] as string,
    digest: row['digest'] as Digest,
    size: row['size'] as number,
    publishedAt: row['created_at'] as number,
    extension: {
      name: row['name'] as string,
      kind: row['kind'] as Kind,
      version: row['version'] as string,
      description: row['description'] as string,
      deps: JSON.parse(row['deps'] as string) as PublishedVersion['extension']['deps'],
      ...(row['deprecated'] === null ? {} : { deprecated: row['deprecated'] as string }),
      ...(row['replacement'] === null ? {} : { replacement: row['replacement'] as string }),
      ...(row['keywords'] === null ? {} : { keywords: JSON.parse(row['keywords'] as string) as string[] }),
    },
    ...(row['signers'] === null ? {} : { lifecycle: lifecycleOf(row) }),
  };
}

function lifecycleOf(row: Row): LifecycleRecord {
  const { said, said_reason: reason, said_replacement: replacement, signers } = row;
  return {
    ...(said === null ? {} : { state: said as LifecycleState }),
    ...(reason === null ? {} : { reason: reason as string }),
    ...(replacement === null ? {} : { replacement: replacement as string }),
    signers: JSON.parse(signers as string) as string[],
  };
}
