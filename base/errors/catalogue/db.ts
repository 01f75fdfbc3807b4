import { entries } from '../entry.js';

export const dbErrors = entries({
  DB_LOCKED: {
    message: '{path} is in use by another process{owner}',
    hint: 'One process writes a database at a time: stop the other one, or give this one its own directory.',
    exit: 'conflict',
    http: 409,
  },
  DB_OPEN_FAILED: {
    message: 'cannot open the database {path}: {reason}',
    hint: 'Check that the directory exists and is writable, and that the file is a prov database.',
    exit: 'failed',
  },
  DB_SCHEMA_NEWER: {
    message: '{path} was written by a newer prov (schema {found}, this one knows {known})',
    hint: 'Upgrade prov, or restore a snapshot that this version wrote.',
    exit: 'configuration',
  },
  DB_STATEMENT_FAILED: {
    message: 'a database statement failed: {reason}',
    hint: 'Nothing of the write was kept.',
    exit: 'failed',
  },
  DB_CONSTRAINT_VIOLATED: {
    message: 'a database constraint refused the write: {reason}',
    hint: 'Nothing of the write was kept.',
    exit: 'conflict',
    http: 409,
  },
  DB_EXPECTATION_FAILED: {
    message: 'the write was not made, because its condition "{label}" did not hold',
    hint: 'The data changed meanwhile: read again and decide again.',
    exit: 'conflict',
    http: 409,
  },
  DB_WRITE_FAILED: {
    message: 'cannot write to {path}: {reason}',
    hint: 'Check the disk. Nothing of the write was kept.',
    exit: 'failed',
    retryable: true,
  },
  DB_BROKEN: {
    message: '{path} takes no more writes: {reason}',
    hint: 'Check the disk, then restart the process; the database recovers what was acknowledged.',
    exit: 'failed',
  },
  DB_CLOSED: {
    message: '{path} is closed',
    hint: 'Open it again.',
    exit: 'failed',
  },
});
