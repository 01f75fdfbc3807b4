import type { Digest } from '#base';
import { compareStates, type LifecycleState } from '#schemas';
import type { PublicKey } from './public-key.js';
import { readStatus, type StatusProblem, type StatusStatement } from './status-envelope.js';

export interface StatusInput {
  /** Digest of the manifest that the statuses must be about. */
  readonly subject: Digest;
  /** The envelopes found, each with the digest of the manifest that carries it. */
  readonly envelopes: readonly { readonly bytes: Uint8Array; readonly digest: Digest }[];
  /** What the manifest says of itself. */
  readonly declared?: { readonly reason: string; readonly replacement?: string | undefined } | undefined;
  /**
   * Whether a key may make things better again. Asked only where it matters. A key that hid a version may always
   * take back what it said itself.
   */
  readonly mayRestore: (key: PublicKey) => Promise<boolean>;
}

/** One status that counted or not, oldest first. */
export interface StatusStep {
  readonly digest: Digest;
  readonly counted: boolean;
  readonly sequence?: number;
  readonly state?: LifecycleState;
  readonly reason?: string;
  readonly issuedAt?: string;
  readonly signedBy?: string;
  /** Why it counts for nothing. */
  readonly problem?: StatusProblem;
  readonly detail?: string;
}

/** What is in force for one version. */
export interface StatusVerdict {
  readonly state: LifecycleState;
  readonly reason?: string;
  readonly replacement?: string;
  readonly since?: string;
  /** Id of the key that said so; absent when nobody signed it. */
  readonly signedBy?: string;
  /** Highest sequence of all that can be read; the next one is 1 more. */
  readonly sequence: number;
  readonly steps: readonly StatusStep[];
}

interface Current {
  readonly state: LifecycleState;
  readonly statement?: StatusStatement;
}

/**
 * The state of a version from everything that was said about it: in order of sequence (of equal ones the
 * worst last), each one takes effect when it makes things worse, or when its key may make them better. So an
 * unsigned status can hide a version and never restore one, and what is repeated changes nothing. Never throws
 * for what the envelopes hold.
 */
export async function judgeStatuses(input: StatusInput): Promise<StatusVerdict> {
  const steps: StatusStep[] = [];
  const readable: { statement: StatusStatement; digest: Digest }[] = [];
  for (const { bytes, digest } of input.envelopes) {
    const read = await readStatus(bytes, input.subject);
    if (read.ok) readable.push({ statement: read.statement, digest });
    else steps.push({ digest, counted: false, problem: read.code, detail: read.detail });
  }
  readable.sort(
    (a, b) =>
      a.statement.document.sequence - b.statement.document.sequence ||
      compareStates(a.statement.document.state, b.statement.document.state) ||
      (a.digest < b.digest ? -1 : 1),
  );
  const { declared } = input;
  let current: Current = { state: declared === undefined ? 'active' : 'deprecated' };
  for (const { statement, digest } of readable) {
    const problem = await objection(statement, current, input);
    steps.push(stepOf(statement, digest, problem));
    if (problem === undefined) current = { state: statement.document.state, statement };
  }
  return verdictOf(current, steps, declared);
}

async function objection(
  { document, signer }: StatusStatement,
  current: Current,
  { mayRestore }: StatusInput,
): Promise<StatusProblem | undefined> {
  const worse = compareStates(document.state, current.state);
  if (worse > 0) return undefined;
  // Nobody signed either: the later words hold, of whoever they are.
  if (worse === 0 && current.statement !== undefined && current.statement.signer === undefined)
    return undefined;
  if (signer === undefined) return 'status-unsigned';
  const own = current.statement?.signer?.id === signer.id;
  return own || (await mayRestore(signer)) ? undefined : 'status-key';
}

function stepOf(
  { document, signer }: StatusStatement,
  digest: Digest,
  problem: StatusProblem | undefined,
): StatusStep {
  const { sequence, state, reason, issuedAt } = document;
  return {
    digest,
    counted: problem === undefined,
    sequence,
    state,
    reason,
    issuedAt,
    ...(signer === undefined ? {} : { signedBy: signer.id }),
    ...(problem === undefined ? {} : { problem, detail: DETAIL[problem] ?? problem }),
  };
}

const DETAIL: Partial<Record<StatusProblem, string>> = {
  'status-unsigned': 'nobody signed it, and it does not make things worse',
  'status-key': 'its key may not make things better',
};

function verdictOf(
  { state, statement }: Current,
  steps: readonly StatusStep[],
  declared: StatusInput['declared'],
): StatusVerdict {
  const sequence = Math.max(0, ...steps.map((step) => step.sequence ?? 0));
  if (statement === undefined)
    return {
      state,
      sequence,
      steps,
      ...(declared === undefined ? {} : { reason: declared.reason }),
      ...(declared?.replacement === undefined ? {} : { replacement: declared.replacement }),
    };
  const { reason, replacement, issuedAt } = statement.document;
  return {
    state,
    reason,
    ...(replacement === undefined ? {} : { replacement }),
    since: issuedAt,
    ...(statement.signer === undefined ? {} : { signedBy: statement.signer.id }),
    sequence,
    steps,
  };
}
