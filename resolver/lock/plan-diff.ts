import { compareVersions, type Kind, type Lock, type LockEntry } from '#schemas';
import { compareText, entryKey } from './lock-graph.js';

/** What happens to one extension between two locks. `rebuilt`: same version, other content. */
export interface PlanChange {
  readonly change: 'added' | 'removed' | 'upgraded' | 'downgraded' | 'rebuilt';
  readonly kind: Kind;
  readonly name: string;
  readonly from?: string;
  readonly to?: string;
  readonly requiredBy: readonly string[];
  /** Set when another signer, or none, stands behind the new content. */
  readonly signer?: { readonly from?: string; readonly to?: string };
}

/** Every extension that differs between two locks, sorted; empty when they install the same content. */
export function planDiff(before: Lock | undefined, after: Lock): PlanChange[] {
  const old = new Map((before?.extensions ?? []).map((entry) => [entryKey(entry), entry]));
  const now = new Map(after.extensions.map((entry) => [entryKey(entry), entry]));
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort(compareText);
  return keys.flatMap((key) => changeOf(old.get(key), now.get(key)) ?? []);
}

function changeOf(from: LockEntry | undefined, to: LockEntry | undefined): PlanChange | undefined {
  const entry = to ?? from;
  if (entry === undefined) return undefined;
  const change = kindOfChange(from, to);
  if (change === undefined) return undefined;
  return {
    change,
    kind: entry.kind,
    name: entry.name,
    ...(from && { from: from.version }),
    ...(to && { to: to.version }),
    requiredBy: entry.requiredBy,
    ...signerChange(from, to),
  };
}

function kindOfChange(
  from: LockEntry | undefined,
  to: LockEntry | undefined,
): PlanChange['change'] | undefined {
  if (from === undefined) return 'added';
  if (to === undefined) return 'removed';
  const order = compareVersions(from.version, to.version);
  if (order !== 0) return order < 0 ? 'upgraded' : 'downgraded';
  return from.manifest.digest === to.manifest.digest ? undefined : 'rebuilt';
}

function signerChange(from: LockEntry | undefined, to: LockEntry | undefined): Pick<PlanChange, 'signer'> {
  const before = from?.signer?.identity;
  const after = to?.signer?.identity;
  if (from === undefined || to === undefined || before === after) return {};
  return {
    signer: { ...(before !== undefined && { from: before }), ...(after !== undefined && { to: after }) },
  };
}
