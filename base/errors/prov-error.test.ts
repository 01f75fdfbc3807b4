import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerSecret } from '../redact.js';
import { catalogue, type ErrorCode } from './catalogue.js';
import { findEntry } from './find-entry.js';
import { isProvError, ProvError, toProvError } from './prov-error.js';

test('message and hint are filled from the details', () => {
  const error = new ProvError('SCHEMAS_KEY_UNKNOWN', {
    path: 'manifest.yaml',
    line: 3,
    column: 1,
    key: 'nmae',
    suggestion: 'Did you mean "name"?',
  });
  assert.equal(error.message, 'manifest.yaml:3:1: unknown key "nmae"');
  assert.equal(error.hint, 'Did you mean "name"?');
  assert.equal(error.name, 'ProvError');
});

test('what a detail holds is never read as a placeholder again', () => {
  const error = new ProvError('BASE_FILE_UNREADABLE', { path: '{reason}', reason: '$& {path}' });
  assert.equal(error.message, 'cannot read {reason}: $& {path}');
});

test('lists, maps and big numbers in details are shown as JSON', () => {
  assert.match(new ProvError('MANAGER_REGISTRY_UNKNOWN', { id: 'x', known: ['a', 'b'] }).hint, /\["a","b"\]/);
  const big = new ProvError('BASE_LIMIT_EXCEEDED', {
    what: 'it',
    limit: 10n,
    unit: 'bytes',
    value: 2n ** 64n,
  });
  assert.equal(big.message, 'it is larger than the limit of "10" bytes');
  assert.equal(big.toDocument().details['value'], '18446744073709551616');
});

test('an own hint and an own retryable win over the catalogue', () => {
  const own = new ProvError('BASE_FILE_MISSING', { path: 'x', hint: 'Make it.', retryable: true });
  assert.deepEqual([own.hint, own.retryable], ['Make it.', true]);
  const usual = new ProvError('BASE_FILE_MISSING', { path: 'x' });
  assert.deepEqual(
    [usual.hint, usual.retryable, usual.exitCode, usual.httpStatus],
    ['Check the path.', false, 5, 500],
  );
  assert.equal(new ProvError('BASE_DISK_FULL', { path: 'x', reason: 'ENOSPC' }).httpStatus, 507);
});

test('the document is redacted everywhere, has its anchor, and never the stack or the cause', () => {
  registerSecret('swordfish-of-error');
  const error = new ProvError(
    'BASE_FILE_UNREADABLE',
    { path: 'https://u:p@h/x', reason: 'swordfish-of-error', deep: [{ token: 'a swordfish-of-error' }] },
    { cause: new Error('swordfish-of-error') },
  );
  assert.ok(!error.message.includes('swordfish'));
  assert.deepEqual(error.toDocument('r-1'), {
    schema: 1,
    code: 'BASE_FILE_UNREADABLE',
    message: 'cannot read https://***@h/x: ***',
    hint: 'Check that the file exists and that you may read it.',
    exit: 1,
    details: { path: 'https://***@h/x', reason: '***', deep: [{ token: 'a ***' }] },
    docs: 'docs/errors.md#base_file_unreadable',
    retryable: false,
    requestId: 'r-1',
  });
  assert.ok(!('requestId' in error.toDocument()));
});

test('a secret of digits leaves numbers and the document whole', () => {
  registerSecret('5000');
  const { details } = new ProvError('BASE_FILE_MISSING', { path: '/5000', port: 5000 }).toDocument();
  assert.deepEqual(details, { path: '/***', port: 5000 });
});

test('anything else that is thrown is a bug and keeps its cause', () => {
  const cause = new TypeError('x is not a function');
  const bug = toProvError(cause);
  assert.deepEqual([bug.code, bug.exitCode, bug.cause], ['BASE_INTERNAL', 70, cause]);
  assert.match(bug.message, /x is not a function/);
  assert.match(toProvError('text').message, /text/);
  assert.match(toProvError(undefined).message, /undefined/);
  assert.equal(toProvError(bug), bug);
});

test('errors are told apart by code', () => {
  const error = new ProvError('BASE_INTERRUPTED');
  assert.deepEqual([error.exitCode, new ProvError('BASE_TERMINATED').exitCode], [130, 143]);
  assert.equal(isProvError(error), true);
  assert.equal(isProvError(error, 'BASE_INTERRUPTED'), true);
  assert.equal(isProvError(error, 'BASE_TERMINATED'), false);
  assert.equal(isProvError({ code: 'BASE_INTERRUPTED' }), false);
});

test('what the system forbids is a matter of permission, and no bug', () => {
  const exits = ['EACCES', 'EPERM', 'EROFS', 'EIO'].map((reason) => [
    new ProvError('BASE_FILE_UNREADABLE', { path: 'x', reason }).exitCode,
    new ProvError('BASE_FILE_UNWRITABLE', { path: 'x', reason }).exitCode,
  ]);
  assert.deepEqual(exits, [
    [4, 4],
    [4, 4],
    [4, 4],
    [1, 1],
  ]);
  const system = (code: string, syscall: string, path?: string) =>
    toProvError(Object.assign(new Error(`${code}: ${syscall}`), { code, syscall, path }));
  const seen = (error: ProvError) => [error.code, error.exitCode, error.details['path']];
  assert.deepEqual(seen(system('EACCES', 'open', '/a')), ['BASE_FILE_UNREADABLE', 4, '/a']);
  assert.deepEqual(seen(system('EPERM', 'rename', '/a')), ['BASE_FILE_UNWRITABLE', 4, '/a']);
  assert.deepEqual(seen(system('ENOSPC', 'write')), ['BASE_DISK_FULL', 1, 'a file']);
  assert.equal(system('ECONNREFUSED', 'connect').code, 'BASE_INTERNAL');
  assert.equal(system('ENOENT', 'open', '/a').code, 'BASE_INTERNAL');
});

test('every code of the catalogue is found in its room', () => {
  for (const [code, entry] of Object.entries(catalogue))
    assert.equal(findEntry(code as ErrorCode), entry, code);
});
