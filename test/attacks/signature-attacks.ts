import { createHash, createPrivateKey, generateKeyPairSync, sign as rawSign } from 'node:crypto';

import { loadPrivateKey } from '#trust';
import type { Attack } from './attack.js';
import { bundleOf, newSigner, policyOf, preAuth, REPOSITORY, type Stage, TAG } from './stage.js';

const IN_TOTO = 'application/vnd.in-toto+json';

/** A statement by the trusted key, with one member changed when it is the attack. */
function restated(
  number: number,
  what: string,
  code: string,
  says: RegExp,
  change: (stage: Stage) => Parameters<Stage['statement']>[0] | string,
): Attack {
  return {
    number,
    what,
    code,
    says,
    async play(stage, hostile) {
      const changed = hostile ? change(stage) : {};
      const statement = typeof changed === 'string' ? changed : stage.statement(changed);
      stage.setBundle(await stage.signed(statement));
    },
  };
}

/** The trusted bundle with its text changed after signing. */
function rewritten(
  number: number,
  what: string,
  code: string,
  says: RegExp,
  change: (text: string, stage: Stage) => string | Uint8Array,
): Attack {
  return {
    number,
    what,
    code,
    says,
    play(stage, hostile) {
      const { bundleText } = stage;
      stage.setBundle(hostile ? change(bundleText, stage) : bundleText);
    },
  };
}

const withSignature =
  (bytes: Uint8Array) =>
  (text: string): string =>
    text.replace(/"sig":"[^"]*"/, `"sig":"${Buffer.from(bytes).toString('base64')}"`);

/** A policy with the state of the trusted key in it. */
function keyState(what: string, code: string, facts: string, top = ''): Attack {
  return {
    number: 29,
    what,
    code,
    says: /"good"/,
    play(stage, hostile) {
      stage.policy = policyOf({ good: stage.good }, hostile ? { facts, top } : {});
    },
  };
}

const PREDICATES: readonly [string, string][] = [
  ['a provenance', 'https://slsa.dev/provenance/v1'],
  ['an SPDX document', 'https://spdx.dev/Document'],
  ['a CycloneDX document', 'https://cyclonedx.org/bom'],
  ['a report of vulnerabilities', 'https://cosign.sigstore.dev/attestation/vuln/v1'],
  ['a summary of a verification', 'https://slsa.dev/verification_summary/v1'],
];

const BAD_SIGNATURES: readonly [string, Uint8Array][] = [
  ['r and s of zero', Buffer.from('3006020100020100', 'hex')],
  ['an empty sequence', Buffer.from('3000', 'hex')],
  ['over-long integers', Buffer.concat([Buffer.from('3081c8', 'hex'), Buffer.alloc(200, 2)])],
  ['64 zero bytes', Buffer.alloc(64)],
];

/** Section B: what somebody can do with signatures and keys. */
export const signatureAttacks: readonly Attack[] = [
  rewritten(33, 'a certificate instead of a key', 'keyless-unsupported', /certificate/, (text) =>
    text.replace(/"publicKey":\{[^}]*\}/, '"certificate":{"rawBytes":"MIIB"}'),
  ),
  rewritten(33, 'a certificate beside the trusted key', 'bundle-malformed', /exactly one/, (text) =>
    text.replace('"publicKey"', '"certificate":{"rawBytes":"MIIB"},"publicKey"'),
  ),
  {
    number: 19,
    what: 'the list of referrers is empty and the .sig tag is gone',
    code: 'unsigned',
    says: /no signature/,
    play(stage, hostile) {
      if (hostile) stage.strip();
    },
  },
  {
    number: 19,
    what: 'the registry says that it keeps no lists, and the tags are gone',
    code: 'unsigned',
    says: /no signature/,
    play(stage, hostile) {
      stage.registry.behaviour.referrersApi = !hostile;
      if (hostile) stage.strip();
    },
  },
  {
    number: 19,
    what: 'the question for referrers is forbidden',
    code: 'signatures-uncertain',
    says: /403/,
    on: ['verify', 'pull', 'resolve'],
    play(stage, hostile) {
      stage.content.tags.delete(stage.legacyTag);
      if (hostile)
        stage.registry.fault({ path: /\/referrers\//, times: 99, does: { answer: { status: 403 } } });
    },
  },
  {
    number: 19,
    what: 'the question for referrers fails again and again',
    code: 'OCI_REMOTE_UNAVAILABLE',
    says: /500/,
    on: ['verify', 'pull', 'resolve'],
    play(stage, hostile) {
      if (hostile)
        stage.registry.fault({ path: /\/referrers\//, times: 99, does: { answer: { status: 500 } } });
    },
  },
  {
    number: 20,
    what: 'the bundle is taken away and a .sig without a name put in its place',
    code: 'binding-missing',
    says: /names no artifact/,
    play: (stage, hostile) =>
      stage.setLegacy(
        stage.legacyPayload(hostile ? { reference: `localhost:5000/${REPOSITORY}`, optional: null } : {}),
      ),
  },
  {
    number: 21,
    what: 'a bundle of the same key for other content',
    code: 'subject-digest',
    says: /sha256:/,
    play: async (stage, hostile) => {
      const hex = hostile ? createHash('sha256').update('other').digest('hex') : stage.digest.slice(7);
      stage.setBundle(await stage.signed(stage.statement({ digest: { sha256: hex } })));
    },
  },
  restated(
    22,
    'right content, signed for another namespace',
    'signed-namespace-mismatch',
    /other\/redis.*acme\/redis/,
    () => ({
      subject: { name: 'other/redis' },
    }),
  ),
  restated(
    22,
    'right content, signed for another name',
    'signed-name-mismatch',
    /acme\/valkey.*acme\/redis/,
    () => ({
      subject: { name: 'acme/valkey' },
    }),
  ),
  restated(
    22,
    'right content, signed as another version',
    'signed-version-mismatch',
    /7\.2\.1.*7\.2\.0/,
    () => ({
      annotations: { 'dev.prov.version': '7.2.1' },
    }),
  ),
  restated(22, 'right content, signed as another kind', 'signed-kind-mismatch', /provider.*taskserv/, () => ({
    annotations: { 'dev.prov.kind': 'provider' },
  })),
  restated(22, 'two names in one statement that disagree', 'signed-name-mismatch', /valkey.*redis/, () => ({
    annotations: { 'dev.prov.name': 'valkey' },
  })),
  restated(22, 'a name without its namespace', 'binding-incomplete', /only in part/, () => ({
    subject: { name: undefined },
  })),
  {
    number: 22,
    what: 'the same content and signature under another tag',
    code: 'version-mismatch',
    says: /7\.3\.0.*7\.2\.0/,
    on: ['verify'],
    play(stage, hostile) {
      stage.content.tags.set('7.3.0', stage.digest);
      if (hostile) stage.reference = `${REPOSITORY}:7.3.0`;
    },
  },
  {
    number: 22,
    what: 'the same content and signature copied into another repository',
    code: 'signed-namespace-mismatch',
    says: /acme\/redis.*evil\/redis/,
    on: ['verify', 'pull'],
    play(stage, hostile) {
      stage.policy = policyOf({ good: stage.good }, { repository: '**' });
      if (!hostile) return;
      stage.registry.model.repositories.set('evil/redis', stage.content);
      stage.reference = `evil/redis:${TAG}`;
    },
  },
  {
    number: 23,
    what: 'a bundle of another artifact attached under this one',
    code: 'subject-digest',
    says: /sha256:/,
    async play(stage, hostile) {
      const mine = await stage.signed(stage.statement());
      const foreign = await stage.signed(stage.statement({ digest: { sha256: 'ab'.repeat(32) } }));
      stage.setBundle(hostile ? foreign : mine);
    },
  },
  ...PREDICATES.map(([what, predicateType]) =>
    restated(
      24,
      `${what} by the trusted key is offered as a signature`,
      'predicate-type',
      new RegExp(predicateType.slice(8, 30)),
      () => ({
        top: { predicateType },
      }),
    ),
  ),
  rewritten(25, 'the payload type is another after signing', 'payload-type', /in-toto\+yaml/, (text) =>
    text.replace(IN_TOTO, 'application/vnd.in-toto+yaml'),
  ),
  {
    number: 25,
    what: 'another payload type, well signed',
    code: 'payload-type',
    says: /text\/plain/,
    async play(stage, hostile) {
      stage.setBundle(await stage.signed(stage.statement(), hostile ? { payloadType: 'text/plain' } : {}));
    },
  },
  rewritten(26, 'a second signature in the envelope', 'bundle-malformed', /signatures/, (text) =>
    text.replace('"signatures":[', '"signatures":[{"sig":"AAAA"},'),
  ),
  rewritten(26, 'no signature in the envelope', 'bundle-malformed', /signatures/, (text) =>
    text.replace(/"signatures":\[.*\]/, '"signatures":[]'),
  ),
  {
    number: 27,
    what: 'the hint of the trusted key over the signature of another',
    code: 'signature-invalid',
    says: /"good"/,
    async play(stage, hostile) {
      const hint = stage.good.publicKey.id;
      stage.setBundle(
        await stage.signed(stage.statement(), { key: hostile ? stage.other : stage.good, hint }),
      );
    },
  },
  {
    number: 28,
    what: 'a signature by an unknown key',
    code: 'unknown-key',
    says: /=/,
    async play(stage, hostile) {
      await stage.sign(hostile ? stage.other : stage.good);
    },
  },
  rewritten(
    28,
    'a trusted signature under an unknown hint',
    'unknown-key',
    /not trusted/,
    (text, { good, other }) => text.replace(good.publicKey.id, other.publicKey.id),
  ),
  keyState('a retired key', 'key-retired', ', status: retired'),
  keyState('an expired key', 'key-expired', ', validUntil: 2020-01-01'),
  keyState('a key that is not valid yet', 'key-not-yet-valid', ', validFrom: 2090-01-01'),
  keyState('a revoked key', 'key-revoked', ', status: revoked'),
  {
    number: 29,
    what: 'a key on the deny list',
    code: 'key-revoked',
    says: /laptop stolen/,
    play(stage, hostile) {
      stage.policy = policyOf(
        { good: stage.good },
        hostile ? { top: 'deny: [{key: good, reason: laptop stolen}]' } : {},
      );
    },
  },
  {
    number: 30,
    what: 'one person signs twice where two must sign',
    code: 'threshold',
    says: /2 of alice, bob.*alice/,
    async play(stage, hostile) {
      const second = await newSigner();
      stage.policy = policyOf(
        { good: stage.good, second, other: stage.other },
        {
          principals: 'alice: {keys: [good, second]}, bob: {keys: [other]}',
          authority: 'authorities: {two: {threshold: 2, of: [alice, bob]}}',
          by: 'two',
        },
      );
      await stage.sign(stage.good);
      await stage.sign(hostile ? second : stage.other, { keep: true });
    },
  },
  {
    number: 30,
    what: 'one signature is there twice where two must sign',
    code: 'threshold',
    says: /2 of alice, bob.*alice/,
    async play(stage, hostile) {
      stage.policy = policyOf(
        { good: stage.good, other: stage.other },
        {
          principals: 'alice: {keys: [good]}, bob: {keys: [other]}',
          authority: 'authorities: {two: {threshold: 2, of: [alice, bob]}}',
          by: 'two',
        },
      );
      await stage.sign(stage.good);
      const again = stage.bundleText.replace('{', '{ ');
      if (hostile) stage.setBundle(again, { keep: true });
      else await stage.sign(stage.other, { keep: true });
    },
  },
  {
    number: 30,
    what: 'one key under two names',
    code: 'TRUST_POLICY_INVALID',
    says: /same key as "good"/,
    play(stage, hostile) {
      stage.policy = policyOf({ good: stage.good, again: hostile ? stage.good : stage.other });
    },
  },
  ...BAD_SIGNATURES.map(([what, bytes]) =>
    rewritten(31, `a signature of ${what}`, 'signature-invalid', /"good"/, withSignature(bytes)),
  ),
  rewritten(31, 'a byte after the signature', 'signature-invalid', /"good"/, (text) =>
    text.replace(
      /"sig":"([^"]*)"/,
      (_, sig: string) =>
        `"sig":"${Buffer.concat([Buffer.from(sig, 'base64'), Buffer.alloc(1)]).toString('base64')}"`,
    ),
  ),
  ...(['RSA of 1024 bits', 'P-224', 'an Ed25519 point of small order'] as const).map(
    (what): Attack => ({
      number: 31,
      what: `a policy with a weak key: ${what}`,
      code: 'TRUST_KEY_UNSUPPORTED',
      says: what.startsWith('RSA') ? /1024/ : what === 'P-224' ? /P-256/ : /small order/,
      play(stage, hostile) {
        if (!hostile) return;
        const pem = weakKey(what);
        stage.policy = stage.policy.replace('keys:\n', `keys:\n  weak: {pem: ${JSON.stringify(pem)}}\n`);
      },
    }),
  ),
  {
    number: 37,
    what: 'a retired key, and nothing proves that it signed before',
    code: 'key-retired',
    says: /nothing proves when/,
    play(stage, hostile) {
      const facts = hostile ? ', status: retired, trustSignedBefore: 2090-01-01' : '';
      stage.policy = policyOf({ good: stage.good }, { facts });
    },
  },
  {
    number: 37,
    what: 'a rule that limits the age, and a signature without a time',
    code: 'time-missing',
    says: /nothing proves when/,
    play(stage, hostile) {
      stage.policy = policyOf({ good: stage.good });
      if (hostile) stage.policy = stage.policy.replace('by: good', 'by: good, maxAge: 9999d');
    },
  },
  ...(['timestamp', 'log'] as const).map(
    (witness): Attack => ({
      number: witness === 'log' ? 39 : 45,
      what: `an invented ${witness === 'log' ? 'log entry' : 'timestamp'} where the rule asks for one`,
      code: `${witness}-missing`,
      says: /prov can verify: 0 of 1/,
      play(stage, hostile) {
        const { verificationMaterial, ...rest } = JSON.parse(stage.bundleText);
        const made =
          witness === 'log'
            ? { tlogEntries: [{ logIndex: '1', integratedTime: '1767225600' }] }
            : { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'MAA=' }] } };
        stage.setBundle(
          JSON.stringify({ ...rest, verificationMaterial: { ...verificationMaterial, ...made } }),
        );
        stage.policy = policyOf({ good: stage.good });
        if (hostile) stage.policy = stage.policy.replace('require: [', `require: [{${witness}: {min: 1}}, `);
      },
    }),
  ),
  {
    number: 32,
    what: 'Ed25519ph where Ed25519 belongs',
    code: 'signature-invalid',
    says: /"good"/,
    async play(stage, hostile) {
      const { ed25519, ed25519ph } = await import('@noble/curves/ed25519');
      const seed = createHash('sha256').update('test only').digest();
      const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
      const pem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
        type: 'pkcs8',
        format: 'pem',
      });
      const signer = await loadPrivateKey(pem);
      stage.policy = policyOf({ good: signer });
      const text = JSON.stringify(stage.statement());
      const data = preAuth(IN_TOTO, text);
      const signature = hostile ? ed25519ph.sign(data, seed) : ed25519.sign(data, seed);
      stage.setBundle(bundleOf(text, { signature, hint: signer.publicKey.id }));
    },
  },
  {
    number: 32,
    what: 'SHA-384 with a P-256 key',
    code: 'signature-invalid',
    says: /"good"/,
    async play(stage, hostile) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      const signer = await loadPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      stage.policy = policyOf({ good: signer });
      const text = JSON.stringify(stage.statement());
      const signature = rawSign(hostile ? 'sha384' : 'sha256', preAuth(IN_TOTO, text), privateKey);
      stage.setBundle(bundleOf(text, { signature, hint: signer.publicKey.id }));
    },
  },
];

function weakKey(what: string): string {
  if (what.startsWith('RSA'))
    return generateKeyPairSync('rsa', { modulusLength: 1024 })
      .publicKey.export({ type: 'spki', format: 'pem' })
      .toString();
  if (what === 'P-224')
    return generateKeyPairSync('ec', { namedCurve: 'secp224r1' })
      .publicKey.export({ type: 'spki', format: 'pem' })
      .toString();
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.alloc(32)]);
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
}
