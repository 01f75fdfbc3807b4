export { type OpenDatabaseOptions, openDatabase } from './open-database.js';
export { openReadOnly } from './open-read-only.js';
export type {
  Database,
  Reader,
  ReadOnlyDatabase,
  Row,
  SqlParameter,
  SqlValue,
  Statement,
  StatementResult,
  WriteOptions,
} from './types.js';
