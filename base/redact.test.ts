import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact, registerSecret } from './redact.js';

test('a registered secret is masked in every form it travels in', () => {
  const secret = 'p@ss "wörd"/+?';
  registerSecret(secret);
  const forms = {
    plain: secret,
    base64: Buffer.from(secret).toString('base64'),
    base64url: Buffer.from(secret).toString('base64url'),
    url: encodeURIComponent(secret),
    json: JSON.stringify(secret).slice(1, -1),
  };
  for (const [form, text] of Object.entries(forms)) {
    const out = redact(`before ${text} after ${text}.`);
    assert.equal(out, 'before *** after ***.', form);
  }
});

test('each line of a secret is masked alone', () => {
  registerSecret('first-line-of-key\n  second-line-of-key  \nend\n');
  assert.equal(redact('saw second-line-of-key here'), 'saw *** here');
  assert.equal(redact('saw first-line-of-key here'), 'saw *** here');
  assert.equal(redact('the end'), 'the end', 'a line under four characters stays');
});

test('values that are too short to be secrets change nothing', () => {
  for (const short of ['', 'abc', '   \n  ', ' a ']) registerSecret(short);
  assert.equal(redact('abc a b c'), 'abc a b c');
});

test('of two secrets, one inside the other, the longer is masked as a whole', () => {
  registerSecret('inner-secret');
  registerSecret('outer-inner-secret-outer');
  assert.equal(redact('x outer-inner-secret-outer y inner-secret z'), 'x *** y *** z');
});

test('credentials inside URLs are masked whatever the scheme, the rest of the URL stays', () => {
  assert.equal(
    redact('GET https://user:hunter2@example.test:5000/v2/ failed'),
    'GET https://***@example.test:5000/v2/ failed',
  );
  assert.equal(redact('oci://token@example.test/a/b'), 'oci://***@example.test/a/b');
  assert.equal(redact('HTTPS://u:p@h/x git+ssh://me@h/y'), 'HTTPS://***@h/x git+ssh://***@h/y');
  const plain = 'https://example.test/v2/a@sha256:0000 and mail@example.test';
  assert.equal(redact(plain), plain);
});

test('Authorization values are masked, words that only look alike are not', () => {
  assert.equal(redact('Authorization: Bearer eyJhbGciOi.J9-_~+/='), 'Authorization: Bearer ***');
  assert.equal(redact('"authorization":"Basic dXNlcjpwYXNz"'), '"authorization":"Basic ***"');
  assert.equal(redact('authorization: bearer abcdef123456'), 'authorization: bearer ***');
  assert.equal(redact('Basic auth'), 'Basic auth');
});
