import { isEveryVersion } from '#schemas';
import { type Revocation, revokedKeys } from './deny-list.js';
import { isSatisfied, principalsOf } from './threshold.js';
import type { PolicyKey, PolicyLayer, PolicyRule, TrustPolicy } from './trust-policy.js';

export interface LintFinding {
  readonly severity: 'error' | 'warning';
  readonly code:
    | 'rule-unsatisfiable'
    | 'rule-unreachable'
    | 'rule-not-enforced'
    | 'rule-ended'
    | 'key-unused'
    | 'key-expired'
    | 'key-expires-soon'
    | 'key-retired'
    | 'denial-ended'
    | 'policy-expired'
    | 'policy-expires-soon'
    | 'trusts-nobody';
  readonly source: string;
  readonly text: string;
}

const SOON_MS = 30 * 24 * 3600 * 1000;

/** What is wrong with a policy that can be loaded: rules nobody can meet, keys that count for nothing, dates. */
export function lintPolicy(policy: TrustPolicy, now: number = Date.now()): readonly LintFinding[] {
  const revoked = revokedKeys(policy, now);
  return policy.layers.flatMap((layer) => [
    ...lintDates(layer, now),
    ...lintRules(layer, revoked, now),
    ...lintKeys(layer, now),
    ...layer.deny
      .filter(({ until }) => until !== undefined && now >= until)
      .map((denial) =>
        finding(
          layer,
          'warning',
          'denial-ended',
          `the denial "${denial.reason}" has ended and denies nothing`,
        ),
      ),
  ]);
}

function lintDates(layer: PolicyLayer, now: number): readonly LintFinding[] {
  const { expires, rules, fallback } = layer;
  const nobody =
    rules.length === 0 && fallback === 'deny'
      ? [finding(layer, 'warning', 'trusts-nobody', 'it has no rule: everything is refused')]
      : [];
  if (expires === undefined || now < expires - SOON_MS) return nobody;
  const what = now >= expires ? 'policy-expired' : 'policy-expires-soon';
  const text = `it ${now >= expires ? 'has expired' : 'expires'} on ${day(expires)}`;
  return [...nobody, finding(layer, now >= expires ? 'error' : 'warning', what, text)];
}

function lintRules(
  layer: PolicyLayer,
  revoked: ReadonlyMap<string, Revocation>,
  now: number,
): readonly LintFinding[] {
  return layer.rules.flatMap((rule) => {
    const found: LintFinding[] = [];
    const able = new Set(
      rule.requires
        .flatMap(({ by }) => principalsOf(by))
        .filter(({ keyIds }) => keyIds.some((id) => !revoked.has(id) && isUsable(layer.keys.get(id), now)))
        .map(({ name }) => name),
    );
    if (!rule.requires.every(({ by }) => isSatisfied(by, able)))
      found.push(
        finding(
          layer,
          'error',
          'rule-unsatisfiable',
          `rule "${rule.id}" cannot be met: only ${[...able].sort().join(', ') || 'nobody'} has a key in force`,
        ),
      );
    for (const what of unverifiable(rule))
      found.push(
        finding(
          layer,
          'error',
          'rule-unsatisfiable',
          `rule "${rule.id}" cannot be met: it asks for ${what}, and prov verifies no log entry or timestamp yet`,
        ),
      );
    const shadow = shadowOf(rule, layer.rules);
    if (shadow !== undefined)
      found.push(
        finding(layer, 'error', 'rule-unreachable', `rule "${rule.id}" is never asked: "${shadow}" decides`),
      );
    if (rule.mode !== 'enforce') {
      const ended = rule.until !== undefined && now >= rule.until;
      const text = ended
        ? `rule "${rule.id}" enforces since ${day(rule.until!)}: take its mode ${rule.mode} out`
        : `rule "${rule.id}" only ${rule.mode === 'warn' ? 'warns' : 'records'} until ${day(rule.until ?? 0)}: ${rule.reason}`;
      found.push(finding(layer, 'warning', ended ? 'rule-ended' : 'rule-not-enforced', text));
    }
    return found;
  });
}

/** Demands that need a trusted time or a log, which nothing gives yet. */
function unverifiable({ requires, witnesses }: PolicyRule): readonly string[] {
  return [
    ...(witnesses.log > 0 ? ['log entries'] : []),
    ...(witnesses.timestamp > 0 ? ['timestamps'] : []),
    ...(requires.some(({ maxAge }) => maxAge !== undefined) ? ['an age, which needs a time'] : []),
  ];
}

/** A rule that is tried first and is about every version. */
function shadowOf(rule: PolicyRule, rules: readonly PolicyRule[]): string | undefined {
  if (rule.version !== undefined) return undefined;
  return rules.find(
    ({ id, pattern, kind, version }) =>
      id !== rule.id && pattern.text === rule.pattern.text && kind === rule.kind && isEveryVersion(version),
  )?.id;
}

function lintKeys(layer: PolicyLayer, now: number): readonly LintFinding[] {
  const used = new Set(
    layer.rules
      .flatMap(({ requires }) => requires)
      .flatMap(({ by }) => principalsOf(by))
      .flatMap(({ keyIds }) => keyIds),
  );
  return [...layer.keys].flatMap(([id, { name, status, validUntil }]) => {
    const found: LintFinding[] = [];
    if (!used.has(id) && status === 'active')
      found.push(finding(layer, 'warning', 'key-unused', `no rule asks for key "${name}"`));
    if (status === 'retired')
      found.push(
        finding(
          layer,
          'warning',
          'key-retired',
          `signatures of the retired key "${name}" count for nothing: keyed signatures have no trusted time`,
        ),
      );
    if (status === 'active' && validUntil !== undefined && now >= validUntil - SOON_MS) {
      const ended = now >= validUntil;
      found.push(
        finding(
          layer,
          ended ? 'error' : 'warning',
          ended ? 'key-expired' : 'key-expires-soon',
          `key "${name}" ${ended ? 'has expired' : 'expires'} on ${day(validUntil)}${ended ? ' and is not marked retired' : ''}`,
        ),
      );
    }
    return found;
  });
}

function isUsable(key: PolicyKey | undefined, now: number): boolean {
  if (key === undefined || key.status !== 'active') return false;
  return key.validUntil === undefined || now < key.validUntil;
}

function finding(
  { source }: PolicyLayer,
  severity: LintFinding['severity'],
  code: LintFinding['code'],
  text: string,
): LintFinding {
  return { severity, code, source, text };
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
