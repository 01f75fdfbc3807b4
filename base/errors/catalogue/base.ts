import { entries, PERMISSION_REASONS } from '../entry.js';

export const baseErrors = entries({
  BASE_INTERNAL: {
    message: 'internal error: {reason}',
    hint: 'This is a bug in prov. Run again with --debug and report the output.',
    exit: 'bug',
    http: 500,
  },
  BASE_INTERRUPTED: {
    message: 'interrupted',
    hint: 'Nothing half-done was kept; run the same command again to go on.',
    exit: 'interrupted',
  },
  BASE_TERMINATED: {
    message: 'terminated',
    hint: 'Nothing half-done was kept; run the same command again to go on.',
    exit: 'terminated',
  },
  BASE_FILE_MISSING: {
    message: '{path} does not exist',
    hint: 'Check the path.',
    exit: 'notFound',
  },
  BASE_FILE_UNREADABLE: {
    message: 'cannot read {path}: {reason}',
    hint: 'Check that the file exists and that you may read it.',
    exit: 'failed',
    exitByReason: PERMISSION_REASONS,
  },
  BASE_FILE_UNWRITABLE: {
    message: 'cannot write {path}: {reason}',
    hint: 'Check that the directory exists and that you may write to it. The earlier content is unchanged.',
    exit: 'failed',
    exitByReason: PERMISSION_REASONS,
  },
  BASE_LOCK_HELD: {
    message: '{path} is being changed by another process',
    hint: 'Run the same command again. If nothing else runs, remove {lock}.',
    exit: 'conflict',
    retryable: true,
  },
  BASE_DISK_FULL: {
    message: 'no space left to write {path}: {reason}',
    hint: 'Free space (or raise the file-size limit) and run again. The earlier content is unchanged.',
    exit: 'failed',
    http: 507,
  },
  BASE_LIMIT_EXCEEDED: {
    message: '{what} is larger than the limit of {limit} {unit}',
    hint: 'The limit protects against hostile or broken input.',
    exit: 'failed',
    http: 413,
  },
  BASE_DIGEST_INVALID: {
    message: '"{value}" is not a digest',
    hint: 'Write sha256:<64 lower-case hex digits> or sha512:<128>.',
    exit: 'usage',
    http: 400,
  },
  BASE_JSON_INVALID: {
    message: '{what} is not valid JSON: {reason}',
    hint: 'The content is damaged or was written by another program.',
    exit: 'failed',
    http: 400,
  },
});
