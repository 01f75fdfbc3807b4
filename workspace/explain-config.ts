import {
  type ConfigBranch,
  type ConfigOrigin,
  type ConfigValue,
  formatOrigin,
  leaves,
  lookup,
  toValue,
} from './config-node.js';

/** The value at a dotted key with its origin; undefined when no layer has it. An object comes as plain data. */
export function configValue(config: ConfigBranch, key: string): ConfigValue | undefined {
  const path = keyPath(config, key);
  const node = path === undefined ? undefined : lookup(config, path);
  return node === undefined
    ? undefined
    : { key, value: toValue(node), ...node.origin, overridden: node.overridden };
}

/** Every value at or below a dotted key (all without one), each with where it came from and what it replaced. */
export function explainConfig(config: ConfigBranch, key = ''): readonly ConfigValue[] {
  const path = keyPath(config, key);
  const node = path === undefined ? undefined : lookup(config, path);
  return node === undefined ? [] : leaves(node, path);
}

/** The configuration as plain data. */
export function configValues(config: ConfigBranch): Readonly<Record<string, unknown>> {
  return toValue(config) as Record<string, unknown>;
}

/** One line for people: `registry.url = "…" (config/dev.toml:3:1, environment)`. */
export function formatConfigValue(value: ConfigValue): string {
  const origin: ConfigOrigin = value;
  return `${value.key} = ${JSON.stringify(value.value)} (${formatOrigin(origin)}${origin.file === undefined ? '' : `, ${origin.layer}`})`;
}

/** Splits at dots, but takes the longest key that is there, since names of extensions may hold dots. */
function keyPath(config: ConfigBranch, key: string): readonly string[] | undefined {
  const parts = key === '' ? [] : key.split('.');
  const path: string[] = [];
  while (parts.length > 0) {
    const here = lookup(config, path);
    if (here?.type !== 'branch') return undefined;
    let length = parts.length;
    while (length > 0 && !here.entries.has(parts.slice(0, length).join('.'))) length -= 1;
    if (length === 0) return undefined;
    path.push(parts.splice(0, length).join('.'));
  }
  return path;
}
