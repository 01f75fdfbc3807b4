import type { Digest } from '#base';
import type { Reason, ReasonCode } from './reason.js';
import type { EnforcementMode } from './trust-policy.js';

export interface SignerInfo {
  /** The principal of the policy; `key:<id>` when verified against bare keys. */
  readonly identity: string;
  readonly keyId: string;
}

/** What one policy file said. */
export interface LayerVerdict {
  readonly source: string;
  readonly verified: boolean;
  readonly mode: EnforcementMode;
  /** The rule that decided; absent when none is about the artifact. */
  readonly rule?: string;
  /** Its pattern, and who must sign. */
  readonly about?: string;
  readonly requires?: readonly string[];
}

/** What was decided about one artifact, and every step on the way. Plain data: `prov trust explain` prints it. */
export interface Verdict {
  /** Whether it may be used. In modes warn and audit this can be true although nothing was verified. */
  readonly ok: boolean;
  /** Whether every signature that every layer asks for is there and good. */
  readonly verified: boolean;
  /** The strictest mode among the rules that applied. */
  readonly mode: EnforcementMode;
  /** The artifact as text, for messages. */
  readonly artifact: string;
  /** `accepted`, or why it is refused or warned about. */
  readonly reason: ReasonCode;
  readonly explanation: string;
  /** Id of the rule that decided, of the first layer. */
  readonly rule?: string;
  readonly signer?: SignerInfo;
  readonly signers: readonly SignerInfo[];
  /** The earliest time of publication that those who count signed; RFC 3339, UTC. */
  readonly publishedAt?: string;
  /** Digests of the bundles and of the legacy payloads that count, sorted; for the lock. */
  readonly bundleDigests: readonly Digest[];
  readonly legacyDigests: readonly Digest[];
  readonly reasons: readonly Reason[];
  /** What a rule only warns about although it is satisfied. */
  readonly warnings: readonly Reason[];
  /** Every policy file that was asked, outermost first; empty when the bytes or a deny list decided. */
  readonly layers: readonly LayerVerdict[];
}
