import { type Digest, digestOf, LIMITS } from '#base';
import { readBundle } from './bundle-document.js';
import { checkSignature } from './check-signature.js';
import type { Claims } from './claims.js';
import type { PublicKey } from './public-key.js';
import { type Reason, reason } from './reason.js';
import { type LegacySignature, readLegacySignature } from './simple-signing.js';
import type { PolicyLimits, WitnessKind } from './trust-policy.js';

/** A bundle names its key, so each costs one check at most; a legacy signature is tried with every key. */
const MAX_BUNDLES = LIMITS.referrersPerSubject;
const MAX_LEGACY = 200;

/** Something besides the key that saw a signature. `time` is in milliseconds since the epoch. */
export interface Witness {
  readonly kind: WitnessKind;
  readonly time?: number | undefined;
}

/** A signature that is about this artifact's digest and well formed; whether it holds is not known yet. */
export interface Candidate {
  readonly form: 'bundle' | 'legacy';
  /** Of the bundle, or of the legacy payload. */
  readonly digest: Digest;
  /** Legacy signatures name no key. */
  readonly hint: string | undefined;
  readonly certificate: boolean;
  readonly claims: Claims | undefined;
  /** Those that were verified. */
  readonly witnesses: readonly Witness[];
  /** Checks the signature; each key is tried once. Only cosign makes Ed25519ph, and it binds no name. */
  holds(key: PublicKey): Promise<boolean>;
}

export interface Candidates {
  readonly usable: readonly Candidate[];
  readonly refused: readonly Reason[];
}

/** Pre-screens everything that was offered as a signature of `subject`. A bad one never hides a good one. */
export function readCandidates(
  subject: Digest,
  bundles: readonly Uint8Array[],
  legacy: readonly LegacySignature[],
  { signatures = MAX_BUNDLES, bundleBytes = LIMITS.signatureBundleBytes }: PolicyLimits = {},
): Candidates {
  const [maxBundles, maxLegacy] = [Math.min(signatures, MAX_BUNDLES), Math.min(signatures, MAX_LEGACY)];
  const usable = new Map<string, Candidate>();
  const refused: Reason[] = [];
  for (const bytes of bundles.slice(0, maxBundles)) {
    const digest = digestOf(bytes);
    if (usable.has(digest)) continue;
    if (bytes.byteLength > bundleBytes) {
      refused.push(
        reason('bundle-malformed', `it is longer than ${bundleBytes} bytes`, { candidate: digest }),
      );
      continue;
    }
    const read = readBundle(bytes);
    if (!read.ok) refused.push(reason(read.code, read.detail || undefined, { candidate: digest }));
    else if (read.bundle.statement.subjectDigest !== subject)
      refused.push(otherContent(read.bundle.statement.subjectDigest, digest));
    else
      usable.set(
        digest,
        candidate('bundle', digest, { ...read.bundle, claims: read.bundle.statement.claims }),
      );
  }
  for (const signature of legacy.slice(0, maxLegacy)) {
    const digest = digestOf(signature.payload);
    const id = `${digest} ${signature.signature}`;
    if (usable.has(id)) continue;
    const read = readLegacySignature(signature);
    if (!read.ok) refused.push(reason(read.code, read.detail, { candidate: digest }));
    else if (read.subjectDigest !== subject) refused.push(otherContent(read.subjectDigest, digest));
    else usable.set(id, candidate('legacy', digest, { ...read, signed: signature.payload, hint: undefined }));
  }
  const ignored = Math.max(0, bundles.length - maxBundles) + Math.max(0, legacy.length - maxLegacy);
  if (ignored > 0) refused.push(reason('too-many', `${ignored} were not looked at`));
  return { usable: [...usable.values()], refused };
}

interface Parts {
  readonly hint: string | undefined;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly claims: Claims | undefined;
}

function candidate(
  form: Candidate['form'],
  digest: Digest,
  { hint, signed, signature, claims }: Parts,
): Candidate {
  const tried = new Map<string, Promise<boolean>>();
  const holds = (key: PublicKey): Promise<boolean> => {
    const before = tried.get(key.id);
    if (before !== undefined) return before;
    const result = checkSignature(key, signed, signature, { prehashed: claims === undefined });
    tried.set(key.id, result);
    return result;
  };
  return {
    form,
    digest,
    hint,
    certificate: form === 'bundle' && hint === undefined,
    claims,
    witnesses: [],
    holds,
  };
}

function otherContent(signed: Digest, candidateDigest: Digest): Reason {
  return reason('subject-digest', signed, { candidate: candidateDigest });
}
