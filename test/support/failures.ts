import assert from 'node:assert/strict';
import { type ProvOptions, type ProvResult, prov } from './prov.js';

export interface ExpectedFailure {
  readonly code: string;
  readonly exit: number;
  readonly message?: RegExp;
  readonly hint?: RegExp;
}

export type ErrorOfProv = NonNullable<ProvResult['json']['error']>;

/** Runs a command that must fail, and checks what a failure promises to machines. */
export async function expectFailure(
  args: readonly string[],
  expected: ExpectedFailure,
  options: ProvOptions = {},
): Promise<ErrorOfProv> {
  return assertFailure(await prov([...args, '--out', 'json'], options), expected);
}

/** Runs it twice, and also checks what people see. */
export async function expectBothForms(
  args: readonly string[],
  expected: ExpectedFailure,
  options: ProvOptions = {},
): Promise<ErrorOfProv> {
  const error = await expectFailure(args, expected, options);
  assertTextFailure(await prov(args, options), expected);
  return error;
}

/** One JSON document with the code, a hint and the exit code; nothing else on stdout. */
export function assertFailure(result: ProvResult, expected: ExpectedFailure): ErrorOfProv {
  const seen = `${result.stdout}\n${result.stderr}`;
  const { ok, error } = result.json;
  assert.equal(ok, false, seen);
  assert.ok(error, seen);
  assert.equal(error.code, expected.code, seen);
  assert.equal(error.exit, expected.exit, seen);
  assert.equal(result.code, expected.exit, seen);
  assertReadable(error.message, error.hint, expected);
  return error;
}

/** `error CODE: message` and `hint …` on stderr, nothing on stdout, no stack trace. */
export function assertTextFailure(result: ProvResult, expected: ExpectedFailure): void {
  assert.equal(result.code, expected.exit, result.stderr);
  assert.equal(result.stdout, '');
  const at = result.stderr.indexOf(`error ${expected.code}: `);
  assert.ok(at >= 0, result.stderr);
  const [, message, hint] = /^error \w+: ([\s\S]*?)\nhint (.+)\n/.exec(result.stderr.slice(at)) ?? [];
  assertReadable(message ?? '', hint ?? '', expected);
  assert.doesNotMatch(result.stderr, /^ +at .*:\d+:\d+\)?$/m);
}

function assertReadable(message: string, hint: string, expected: ExpectedFailure): void {
  assert.notEqual(message, '');
  assert.notEqual(hint, '');
  for (const text of [message, hint])
    assert.doesNotMatch(text, /\{[a-zA-Z]+\}|undefined|\[object |ZodError|Invalid input/, text);
  if (expected.message) assert.match(message, expected.message);
  if (expected.hint) assert.match(hint, expected.hint);
}
