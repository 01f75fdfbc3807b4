/** Schema of `registry.db`, oldest migration first. Append only. Times are milliseconds since 1970. */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE repository (name TEXT PRIMARY KEY, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE blob (digest TEXT PRIMARY KEY, size INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE repository_blob (
  repository TEXT NOT NULL, digest TEXT NOT NULL REFERENCES blob (digest), PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX repository_blob_digest ON repository_blob (digest);

CREATE TABLE manifest (
  id INTEGER PRIMARY KEY,
  repository TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL,
  artifact_type TEXT, subject TEXT, annotations TEXT, created_at INTEGER NOT NULL, bytes BLOB NOT NULL,
  UNIQUE (repository, digest)
) STRICT;
CREATE INDEX manifest_subject ON manifest (repository, subject, digest) WHERE subject IS NOT NULL;

-- what a manifest names: 'blob' or 'manifest'
CREATE TABLE manifest_edge (
  repository TEXT NOT NULL, child TEXT NOT NULL, parent TEXT NOT NULL, type TEXT NOT NULL,
  PRIMARY KEY (repository, child, parent)
) STRICT, WITHOUT ROWID;
CREATE INDEX manifest_edge_parent ON manifest_edge (repository, parent);

-- base_version: the version without build metadata, for tags that are versions
CREATE TABLE tag (
  repository TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, base_version TEXT,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (repository, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_digest ON tag (repository, digest);
CREATE INDEX tag_base_version ON tag (repository, base_version) WHERE base_version IS NOT NULL;

-- every change of a tag; digest is NULL when it was deleted
CREATE TABLE tag_event (
  id INTEGER PRIMARY KEY, repository TEXT NOT NULL, name TEXT NOT NULL, digest TEXT, at INTEGER NOT NULL
) STRICT;
CREATE INDEX tag_event_tag ON tag_event (repository, name);

CREATE TABLE upload (
  id TEXT PRIMARY KEY, repository TEXT NOT NULL, algorithm TEXT NOT NULL, started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE extension (
  repository TEXT NOT NULL, digest TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, version TEXT NOT NULL,
  description TEXT NOT NULL, deps TEXT NOT NULL, deprecated TEXT, PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
-- who has a name in a namespace, whatever its punctuation
CREATE TABLE extension_name (
  namespace TEXT NOT NULL, folded TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
  PRIMARY KEY (namespace, folded)
) STRICT, WITHOUT ROWID;
`,
  `
ALTER TABLE extension ADD COLUMN keywords TEXT;
ALTER TABLE extension ADD COLUMN replacement TEXT;

-- what the referrers of an extension say of its state and its signers; a cache of them
CREATE TABLE lifecycle (
  repository TEXT NOT NULL, digest TEXT NOT NULL, state TEXT, reason TEXT, replacement TEXT, signers TEXT NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
-- subjects whose row has to be made again
CREATE TABLE lifecycle_due (
  repository TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repository, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO lifecycle_due SELECT DISTINCT m.repository, m.subject FROM manifest m
  JOIN extension e ON e.repository = m.repository AND e.digest = m.subject;
`,
];
