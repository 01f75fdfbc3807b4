import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBundle } from './bundle-document.js';
import { checkSignature } from './check-signature.js';
import { encodePem } from './pem.js';
import { loadPrivateKey } from './private-key.js';
import { loadPublicKey } from './public-key.js';
import { bundleBytes } from './sign-artifact.js';

// Made by cosign 3.1.1 with keys that exist for tests only.
const P256_SPKI =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAED4/m5OUDRnczER+gqI1P/V1ZIyihyJRaahg7f1RI2aMGxTW1DTXMEEdHa/DOdP27NmO3vgAgRCvS4uqGeH98Yg==';
const P256_HINT = 'vC867CKPXtPxyhQaSmaPSlJWjhUog82Q9TvxX+XpthM=';
const P256_KEY_BODY =
  'eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6OCwicCI6MX0sInNhbHQiOiIwZHpGbXplNzVVbkEraVlyWUJPcXA0ZnpZbXl6WWN6bGU3Wm9NdDF3clBNPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94Iiwibm9uY2UiOiJEVXlvMzlHYTZCaW9WUExRSFBkQTZHdFN1Nk5teTBnUSJ9LCJjaXBoZXJ0ZXh0IjoiM1h4TWt5TzZKM3FTanZWMjZlYnZxWW9YZnYyWDRzRVpIdTJzMmFWRjdDaks2OVZVaTlHNnAwYktBWVVkVC9BWG1iMnc4K1d0TUk5cSt2NCtvTmx4QnRaZ3Mzd3hBc0lHS1pNdThsRjkrbnBFTnpJemJVZ2RrSzZqZ2kzTHhhekMzR1M1OSthL0VlUC9MeG9XMmhsS0tTU1o5WmhHMm9TbnEzVWhsMTcxRk1ZZ3oySUp5ZWxLN1BNRmtId250YXVhR29HYTZnbEw0S3E0Y1E9PSJ9';
const P256_DIGEST = '8faeacd3dad0c8cf12df3d5d698035d90d86b94520d4de98862e8e56b117bffe';
const P256_SIGNATURE =
  'MEQCIHEJRl+o2GOk499QBTGvo4oB/TCQ/nGaIaO2FoMuyLOUAiBCon7s3Cf/IvQ56KPxOoN57Zpak37hO7efv9tpq5HG2w==';
const ED25519_SPKI = 'MCowBQYDK2VwAyEAYXoVRJZw/APM3Ptcl8tO2fRPSehCLjaYn+6pLMkAg3s=';
const ED25519_DIGEST = 'e0591f63b4c8859ef18b483f667c6fd7e3311daf6abf02a5652537c74e05035e';
const ED25519PH_SIGNATURE =
  'uFItdDM+MfqQZuzKSIMdePZpwWfFiZyiLWtWZd7oZ4T+zratn0sMS7CicwoE276d1F3OmtTau6q6Bxm7okNpAw==';

const pem = (spki: string) => encodePem('PUBLIC KEY', Buffer.from(spki, 'base64'));

function cosignBundle(
  hint: string,
  { digest, annotations, signature }: { digest: string; annotations: object; signature: string },
): Buffer {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: digest }, annotations }],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
  };
  return bundleBytes(hint, Buffer.from(JSON.stringify(statement)), Buffer.from(signature, 'base64'));
}

test('a key file of cosign opens, and gives the hint that cosign writes', async () => {
  const signer = await loadPrivateKey(
    encodePem('ENCRYPTED SIGSTORE PRIVATE KEY', Buffer.from(P256_KEY_BODY, 'base64')),
    'test123',
  );
  assert.equal(signer.publicKey.id, P256_HINT);
  assert.equal(signer.publicKey.pem, pem(P256_SPKI));
  assert.equal(loadPublicKey(pem(P256_SPKI)).id, P256_HINT);
});

test('a P-256 signature of cosign verifies', async () => {
  const read = readBundle(
    cosignBundle(P256_HINT, {
      digest: P256_DIGEST,
      annotations: { channel: 'stable', team: 'infra' },
      signature: P256_SIGNATURE,
    }),
  );
  assert.ok(read.ok);
  assert.deepEqual(read.bundle.statement, { subjectDigest: `sha256:${P256_DIGEST}`, claims: undefined });
  assert.ok(await checkSignature(loadPublicKey(pem(P256_SPKI)), read.bundle.signed, read.bundle.signature));
});

test('an Ed25519ph signature of cosign, which cosign itself cannot verify, verifies as such only', async () => {
  const key = loadPublicKey(pem(ED25519_SPKI));
  const read = readBundle(
    cosignBundle(key.id, { digest: ED25519_DIGEST, annotations: {}, signature: ED25519PH_SIGNATURE }),
  );
  assert.ok(read.ok);
  assert.ok(await checkSignature(key, read.bundle.signed, read.bundle.signature, { prehashed: true }));
  assert.ok(!(await checkSignature(key, read.bundle.signed, read.bundle.signature)));
});
