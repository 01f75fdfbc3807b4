import semver from 'semver';
import { compareVersions, contentDigestOf, entryLabel, type Kind, type Lock, type LockEntry } from '#schemas';
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
  /** Why a person should look before it is done. */
  readonly risks?: readonly PlanRisk[];
  /** Why it could not stay, when nobody asked for the change. */
  readonly reason?: string;
}

/** `signer`: another one, none any more, or one that this workspace has not met. */
export type PlanRisk = 'removal' | 'downgrade' | 'major' | 'signer';

/** Every extension that differs between two locks, sorted; empty when they install the same content. */
export function planDiff(before: Lock | undefined, after: Lock): PlanChange[] {
  const old = new Map((before?.extensions ?? []).map((entry) => [entryKey(entry), entry]));
  const now = new Map(after.extensions.map((entry) => [entryKey(entry), entry]));
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort(compareText);
  const met = new Set((before?.extensions ?? []).map(({ signer }) => signer?.identity));
  return keys.flatMap((key) => {
    const [from, to] = [old.get(key), now.get(key)];
    const change = changeOf(from, to);
    if (change === undefined) return [];
    const stranger =
      before !== undefined && to?.signer !== undefined && met.size > 0 && !met.has(to.signer.identity);
    const risks = risksOf(change, stranger);
    return [risks.length === 0 ? change : { ...change, risks }];
  });
}

function risksOf({ change, from, to, signer }: PlanChange, stranger: boolean): PlanRisk[] {
  const risks: PlanRisk[] = [];
  if (change === 'removed') risks.push('removal');
  if (change === 'downgraded') risks.push('downgrade');
  if (change === 'upgraded' && isMajor(from!, to!)) risks.push('major');
  if (signer !== undefined || stranger) risks.push('signer');
  return risks;
}

/** Below 1.0.0 the minor number counts as major. @see semver.org 2.0.0, 4 */
function isMajor(from: string, to: string): boolean {
  const [a, b] = [semver.parse(from)!, semver.parse(to)!];
  return a.major !== b.major || (a.major === 0 && a.minor !== b.minor);
}

function changeOf(from: LockEntry | undefined, to: LockEntry | undefined): PlanChange | undefined {
  const entry = to ?? from;
  if (entry === undefined) return undefined;
  const change = kindOfChange(from, to);
  if (change === undefined) return undefined;
  return {
    change,
    kind: entry.kind,
    name: entryLabel(entry),
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
  return contentDigestOf(from) === contentDigestOf(to) ? undefined : 'rebuilt';
}

function signerChange(from: LockEntry | undefined, to: LockEntry | undefined): Pick<PlanChange, 'signer'> {
  const before = from?.signer?.identity;
  const after = to?.signer?.identity;
  if (from === undefined || to === undefined || before === after) return {};
  return {
    signer: { ...(before !== undefined && { from: before }), ...(after !== undefined && { to: after }) },
  };
}
