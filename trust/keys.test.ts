import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { isProvError } from '#base';
import { checkSignature } from './check-signature.js';
import { generateKeyPair } from './generate-key-pair.js';
import { KEY_ALGORITHMS } from './key-algorithm.js';
import { decodePem, encodePem } from './pem.js';
import { loadPrivateKey } from './private-key.js';
import { loadPublicKey } from './public-key.js';

for (const algorithm of KEY_ALGORITHMS) {
  test(`${algorithm}: a generated pair signs and verifies after a round trip through its files`, async () => {
    const pair = await generateKeyPair({ algorithm, password: 'correct horse' });
    const signer = await loadPrivateKey(pair.privateKeyPem, 'correct horse');
    const publicKey = loadPublicKey(pair.publicKeyPem);
    assert.equal(publicKey.algorithm, algorithm);
    assert.equal(signer.publicKey.id, publicKey.id);
    const data = Buffer.from('data');
    assert.ok(await checkSignature(publicKey, data, await signer.sign(data)));
    assert.ok(!(await checkSignature(publicKey, Buffer.from('Data'), await signer.sign(data))));
  });
}

test('plain PKCS#8 is read, and an empty password is a password', async () => {
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await loadPrivateKey(privateKey);
  const pair = await generateKeyPair({ password: '' });
  await loadPrivateKey(pair.privateKeyPem, '');
  await assert.rejects(loadPrivateKey(pair.privateKeyPem), (error) =>
    isProvError(error, 'TRUST_KEY_PASSWORD_MISSING'),
  );
  await assert.rejects(loadPrivateKey(pair.privateKeyPem, 'wrong'), (error) =>
    isProvError(error, 'TRUST_KEY_PASSWORD_WRONG'),
  );
});

test('a hostile key file costs neither memory nor time', async () => {
  const pair = await generateKeyPair({ password: '' });
  const { label, body } = decodePem(pair.privateKeyPem, 'key');
  const honest = JSON.parse(body.toString()) as { kdf: { params: Record<string, unknown> } };
  const hostile = [
    { N: 2 ** 30 },
    { N: 2 ** 20 },
    { N: 65_537 },
    { r: 1_000_000 },
    { p: 1_000_000 },
    { N: -2 },
    { N: 1e300 },
    { N: '65536' },
    { extra: 1 },
  ];
  for (const change of hostile) {
    const params = { ...honest.kdf.params, ...change };
    const pem = encodePem(label, Buffer.from(JSON.stringify({ ...honest, kdf: { ...honest.kdf, params } })));
    const started = Date.now();
    await assert.rejects(
      loadPrivateKey(pem, ''),
      (error) => isProvError(error, 'TRUST_KEY_INVALID'),
      JSON.stringify(change),
    );
    assert.ok(Date.now() - started < 2000);
  }
});

test('weak and unknown keys are refused by what is wrong with them', async () => {
  const spki = { type: 'spki', format: 'pem' } as const;
  const weak = [
    generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export(spki),
    generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export(spki),
    generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).publicKey.export(spki),
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export(spki),
    generateKeyPairSync('x25519').publicKey.export(spki),
    encodePem(
      'PUBLIC KEY',
      Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.alloc(32)]),
    ),
    encodePem(
      'PUBLIC KEY',
      Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from([1]), Buffer.alloc(31)]),
    ),
  ];
  for (const pem of weak)
    assert.throws(
      () => loadPublicKey(pem),
      (error) => isProvError(error, 'TRUST_KEY_UNSUPPORTED'),
    );
});

test('what is not one canonical public key is refused', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const wrong = [
    '',
    'hello',
    `${pem}${pem}`,
    pem.replace('PUBLIC KEY', 'CERTIFICATE'),
    pem.replace('MCow', 'MC ow'),
    privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    encodePem('PUBLIC KEY', Buffer.concat([der, Buffer.from([0])])),
    encodePem('PUBLIC KEY', der.subarray(1)),
    'A'.repeat(1_000_000),
  ];
  for (const text of wrong)
    assert.throws(
      () => loadPublicKey(text),
      (error) => isProvError(error, 'TRUST_KEY_INVALID'),
      text.slice(0, 60),
    );
  for (const text of wrong.filter((each) => !each.includes('PRIVATE'))) {
    await assert.rejects(loadPrivateKey(text, ''), (error) => isProvError(error, 'TRUST_KEY_INVALID'));
  }
});
