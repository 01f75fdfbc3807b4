import { ProvError } from '#base';
import { configFileSchema, type SecurityRule, TRUST_DEFAULTS } from '#schemas';
import {
  type ConfigBranch,
  type ConfigNode,
  formatOrigin,
  isRecord,
  lookup,
  toValue,
} from './config-node.js';
import { schemaAt } from './schema-at.js';

/**
 * Makes sure that a layer from a workspace or infra file only tightens the security settings below it: a
 * cloned workspace cannot weaken its user.
 * @throws WORKSPACE_SECURITY_WEAKENED with the file and line.
 */
export function guardSecurity(below: ConfigBranch, layer: ConfigBranch): void {
  const settings = layer.entries.get('security');
  if (settings?.type !== 'branch') return;
  for (const [key, node] of settings.entries) {
    const rule = schemaAt(configFileSchema, ['security', key])?.security;
    if (rule === undefined) continue;
    const current = lookup(below, ['security', key]);
    const reason = refusal(rule, current === undefined ? undefined : toValue(current), toValue(node));
    if (reason !== undefined)
      throw new ProvError('WORKSPACE_SECURITY_WEAKENED', {
        place: placeOf(node),
        key: `security.${key}`,
        reason,
      });
  }
}

const REFUSALS: Readonly<Record<SecurityRule, (current: unknown, proposed: unknown) => string | undefined>> =
  {
    true: (_, proposed) => (proposed === true ? undefined : 'it may only be switched on'),
    never: () => 'it may not be set here',
    subset: (current, proposed) => {
      const allowed = new Set(Array.isArray(current) ? current : []);
      const extra = (proposed as readonly unknown[]).filter((item) => !allowed.has(item));
      return extra.length === 0 ? undefined : `it adds ${extra.map(String).join(', ')}`;
    },
    added: (current, proposed) => {
      const before = isRecord(current) ? current : {};
      const changed = Object.entries(proposed as Record<string, unknown>).find(
        ([key, value]) => key in before && before[key] !== value,
      );
      return changed === undefined ? undefined : `it changes ${changed[0]}`;
    },
    ranked: (current, proposed) => {
      const rank = (value: unknown) => (TRUST_DEFAULTS as readonly unknown[]).indexOf(value);
      return rank(proposed) >= rank(current)
        ? undefined
        : `${String(proposed)} is weaker than ${String(current)}`;
    },
  };

function refusal(rule: SecurityRule, current: unknown, proposed: unknown): string | undefined {
  return REFUSALS[rule](current, proposed);
}

function placeOf(node: ConfigNode): string {
  return formatOrigin(node.origin);
}
