import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from './attack.js';
import { policyOf, REPOSITORY, TAG } from './stage.js';

/** Sections F and G: names, policies, this machine. */
export const policyAttacks: readonly Attack[] = [
  {
    number: 66,
    what: 'a name with a letter of another alphabet that looks the same',
    code: 'SCHEMAS_REFERENCE_INVALID',
    says: /is not a repository name/,
    on: ['verify', 'pull'],
    play(stage, hostile) {
      const name = hostile ? 'r\u0435dis' : 'redis';
      stage.registry.model.repositories.set(`acme/${name}`, stage.content);
      stage.reference = `acme/${name}:${TAG}`;
    },
  },
  {
    number: 66,
    what: 'a name one letter from a known one, published by a stranger into the same namespace',
    code: 'unknown-key',
    says: /not trusted/,
    on: ['verify'],
    async play(stage, hostile) {
      await stage.publish({
        config: (text) => text.replaceAll('"redis"', '"redls"'),
        manifest: (manifest) => {
          const annotations = manifest['annotations'] as Record<string, string>;
          for (const [key, value] of Object.entries(annotations))
            if (value === 'redis') annotations[key] = 'redls';
        },
        sign: false,
      });
      await stage.sign(hostile ? stage.other : stage.good, { repository: 'acme/redls' });
      stage.registry.model.repositories.set('acme/redls', stage.content);
      stage.reference = `acme/redls:${TAG}`;
    },
  },
  {
    number: 67,
    what: 'a deleted namespace is taken over, and its new owner publishes the same version',
    code: 'unknown-key',
    says: /not trusted/,
    async play(stage, hostile) {
      await stage.publish({ config: (text) => `${text} `, sign: false });
      await stage.sign(hostile ? stage.other : stage.good);
    },
  },
  {
    number: 72,
    what: 'a publisher signs a name outside its own namespace',
    code: 'no-rule',
    says: /deny/,
    play(stage, hostile) {
      stage.policy = policyOf({ good: stage.good }, { repository: hostile ? 'team-a/**' : 'acme/**' });
    },
  },
  {
    number: 72,
    what: 'a publisher signs what another one owns',
    code: 'unknown-key',
    says: /not trusted/,
    async play(stage, hostile) {
      stage.policy = policyOf(
        { good: stage.good, other: stage.other },
        {
          repository: 'acme/**',
          rule: '  - {id: theirs, match: {repository: "team-b/**"}, require: [{signature: {by: other}}]}',
        },
      );
      await stage.sign(hostile ? stage.other : stage.good);
    },
  },
  {
    number: 74,
    what: 'the policy of a workspace trusts a key that the user does not',
    code: 'unknown-key',
    says: /not trusted/,
    on: ['resolve'],
    async play(stage, hostile) {
      stage.workspacePolicy = policyOf(
        { good: stage.good, other: stage.other },
        {
          authority: 'authorities: {any: {threshold: 1, of: [good, other]}}',
          by: 'any',
        },
      );
      await stage.sign(hostile ? stage.other : stage.good);
      stage.prepareHome = async (home) => {
        mkdirSync(join(home, '.provisioning'), { recursive: true });
        writeFileSync(join(home, '.provisioning', 'trust-policy.yaml'), policyOf({ good: stage.good }));
      };
    },
  },
  {
    number: 75,
    what: 'two rules that could both decide',
    code: 'TRUST_POLICY_INVALID',
    says: /rule "ours"/,
    play(stage, hostile) {
      const repository = hostile ? 'acme/**' : 'acme/other/**';
      stage.policy = policyOf(
        { good: stage.good },
        { rule: `  - {id: rival, match: {repository: "${repository}"}, require: [{signature: {by: good}}]}` },
      );
    },
  },
  {
    number: 76,
    what: 'a rule that checks nothing, for everything',
    code: 'SCHEMAS_VALUE_INVALID',
    says: /mode/,
    play(stage, hostile) {
      stage.policy = policyOf(
        { good: stage.good },
        {
          rule: `  - {id: rest, match: {repository: "**"}, require: [{signature: {by: good}}], mode: ${hostile ? 'skip' : 'enforce'}}`,
        },
      );
    },
  },
  {
    number: 76,
    what: 'a rule that only warns and does not say why and until when',
    code: 'TRUST_POLICY_INVALID',
    says: /reason and a date/,
    play(stage, hostile) {
      const until = hostile ? '' : ', reason: moving, until: 2090-01-01';
      stage.policy = policyOf(
        { good: stage.good },
        {
          rule: `  - {id: rest, match: {repository: "**"}, require: [{signature: {by: good}}], mode: warn${until}}`,
        },
      );
    },
  },
  {
    number: 77,
    what: 'a rule that only warned until a date that is over',
    code: 'unknown-key',
    says: /not trusted/,
    on: ['pull', 'resolve', 'import'],
    async play(stage, hostile) {
      await stage.sign(stage.other);
      stage.policy = policyOf(
        { good: stage.good },
        { rule: `    mode: warn\n    reason: moving\n    until: ${hostile ? '2020-01-01' : '2090-01-01'}` },
      );
    },
  },
  {
    number: 78,
    what: 'a cached archive is changed after it was verified',
    code: 'accepted',
    says: /^$/,
    on: ['pull'],
    play(stage, hostile) {
      const layer = JSON.parse(stage.manifestText).layers[0].digest as string;
      stage.cacheIsAttacked = hostile;
      stage.prepareHome = async (home, surface) => {
        if (surface !== 'pull') return;
        const folder = join(home, '.provisioning', 'oci-cache', 'blobs', 'sha256');
        mkdirSync(folder, { recursive: true });
        const bytes = Buffer.from(stage.content.blobs.get(layer)!);
        if (hostile) bytes[20]! ^= 0xff;
        writeFileSync(join(folder, layer.slice(7)), bytes);
      };
    },
  },
  {
    number: 79,
    what: 'a digest is denied after it was accepted before',
    code: 'denied',
    says: /CVE-2026-1234/,
    play(stage, hostile) {
      const digest = hostile ? stage.digest : `sha256:${'0'.repeat(64)}`;
      stage.policy = policyOf(
        { good: stage.good },
        { top: `deny: [{digest: "${digest}", reason: CVE-2026-1234}]` },
      );
    },
  },
  {
    number: 81,
    what: 'a mirror serves content under a prefix that no rule maps',
    code: 'signed-namespace-mismatch',
    says: /acme\/redis.*mirrored\/acme\/redis/,
    on: ['verify', 'pull'],
    play(stage, hostile) {
      stage.registry.model.repositories.set('mirrored/acme/redis', stage.content);
      stage.reference = `mirrored/${REPOSITORY}:${TAG}`;
      const prefix = `${stage.registry.host}/${hostile ? 'elsewhere' : 'mirrored'}`;
      stage.policy = policyOf(
        { good: stage.good },
        { repository: '**', top: `mirrors: [{prefix: "${prefix}/acme", signedAs: acme}]` },
      );
    },
  },
  {
    number: 73,
    what: 'a policy whose time is over',
    code: 'policy-expired',
    says: /2020-01-01/,
    play(stage, hostile) {
      stage.policy = policyOf(
        { good: stage.good },
        { top: `expires: ${hostile ? '2020-01-01' : '2090-01-01'}` },
      );
    },
  },
];
