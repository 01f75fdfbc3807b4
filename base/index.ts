export {
  type AtomicFile,
  type AtomicWriteOptions,
  fsyncDirectory,
  fsyncDirectoryLater,
  openAtomicFile,
  writeError,
  writeFileAtomic,
} from './atomic-file.js';
export { type AtomicStream, openAtomicStream, writeFileAtomicLater } from './atomic-stream.js';
export { canonicalJson, type JsonValue } from './canonical-json.js';
export { childEnvironment } from './child-environment.js';
export { counted } from './counted.js';
export {
  type Digest,
  type DigestAlgorithm,
  Digester,
  digestAlgorithm,
  digestFile,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
} from './digest.js';
export { catalogue, type ErrorCode } from './errors/catalogue.js';
export type { CatalogueEntry } from './errors/entry.js';
export { EXIT, type ExitName } from './errors/exit-code.js';
export {
  type ErrorDetails,
  type ErrorDocument,
  isProvError,
  ProvError,
  toProvError,
} from './errors/prov-error.js';
export { type FileLockOptions, withFileLock } from './file-lock.js';
export { filePieces } from './file-pieces.js';
export { type FileSystem, nodeFileSystem, unsyncedFileSystem, writePieces } from './file-system.js';
export { provHome } from './home.js';
export { assertWithin, LIMITS } from './limits.js';
export { configureLog, type LogLevel, type LogRecord, type LogSink, log } from './log.js';
export { makeDirectories } from './make-directories.js';
export { oneLine, printable } from './printable.js';
export { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.js';
export { redact, registerSecret } from './redact.js';
export { RETRY_DEFAULTS, type RetryOptions, retry } from './retry.js';
export { Turns } from './turns.js';
