import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { exportPrivateKey, importPrivateKey, isUnprotectedKey } from './convert-key.js';
import { loadPrivateKey } from './private-key.js';

const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const pem = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1') =>
  key.export({ type, format: 'pem' }).toString();

test('keys of OpenSSL and cosign go in and come out as the same key', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  const key = ec('prime256v1');
  for (const [text, original] of [
    [pem(key, 'pkcs8'), key],
    [pem(key, 'sec1'), key],
    [parameters + pem(key, 'sec1'), key],
    [pem(rsa, 'pkcs1'), rsa],
  ] as const) {
    const pair = await importPrivateKey(text, { seal: 'new' });
    assert.match(pair.privateKeyPem, /ENCRYPTED SIGSTORE PRIVATE KEY/);
    const again = await importPrivateKey(pair.privateKeyPem, { password: 'new', seal: 'newer' });
    assert.equal(await exportPrivateKey(again.privateKeyPem, 'newer'), pem(original, 'pkcs8'));
    assert.equal((await loadPrivateKey(again.privateKeyPem, 'newer')).publicKey.id, pair.publicKey.id);
    await assert.rejects(exportPrivateKey(again.privateKeyPem, 'new'), { code: 'TRUST_KEY_PASSWORD_WRONG' });
  }
});

test('weak keys and what is no key are refused, and nothing is sealed', async () => {
  await assert.rejects(importPrivateKey(pem(ec('secp256k1'), 'sec1'), { seal: '' }), {
    code: 'TRUST_KEY_UNSUPPORTED',
  });
  const body = '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n';
  await assert.rejects(importPrivateKey(body, { seal: '' }), { code: 'TRUST_KEY_INVALID', message: /PKCS1/ });
  const foreign = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
  await assert.rejects(importPrivateKey(foreign, { seal: '' }), { code: 'TRUST_KEY_INVALID' });
});

test('only a plain private key is unprotected', async () => {
  const key = ec('prime256v1');
  assert.equal(isUnprotectedKey(pem(key, 'pkcs8')), true);
  assert.equal(
    isUnprotectedKey((await importPrivateKey(pem(key, 'pkcs8'), { seal: 'x' })).privateKeyPem),
    false,
  );
  assert.equal(isUnprotectedKey('nothing'), false);
});
