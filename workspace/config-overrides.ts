import { ProvError } from '#base';
import { configFileSchema, parseYaml, suggestKey } from '#schemas';
import { type ConfigBranch, type ConfigLayer, emptyBranch, lookup, toNode } from './config-node.js';
import { mergeConfig } from './merge-config.js';
import { schemaAt } from './schema-at.js';

export const VARIABLE_PREFIX = 'PROVISIONING_';
/** Variables without `__` that are settings; others without it belong to other programs and are left alone. */
const SHORT_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  PROVISIONING_ENV: ['environment'],
  PROVISIONING_ENVIRONMENT: ['environment'],
  PROVISIONING_MODE: ['mode'],
  PROVISIONING_OCI_REGISTRY: ['registry', 'url'],
  PROVISIONING_OCI_NAMESPACE: ['registry', 'namespace'],
};

/**
 * Settings from `PROVISIONING_*`: `__` nests, case is folded, and `-` and `.` of a key are written `_`.
 * `below` holds the keys that are already there, so that `PROVISIONING_CONFIG__MY_APP__PORT` finds `my-app`.
 * @throws WORKSPACE_SETTING_UNKNOWN, WORKSPACE_SETTING_INVALID
 */
export function variableLayer(
  env: Readonly<Record<string, string | undefined>>,
  below: ConfigBranch,
): ConfigBranch {
  let layer = emptyBranch('variable');
  for (const [name, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (text === undefined || !name.startsWith(VARIABLE_PREFIX)) continue;
    const short = SHORT_VARIABLES[name];
    if (short === undefined && !name.includes('__')) continue;
    const path = short ?? matchKeys(name.slice(VARIABLE_PREFIX.length).toLowerCase().split('__'), below);
    layer = mergeConfig(layer, setting(path, text, { layer: 'variable', source: name }));
  }
  return layer;
}

/** Settings from flags: dotted keys to text or plain values. @throws WORKSPACE_SETTING_UNKNOWN, WORKSPACE_SETTING_INVALID */
export function flagLayer(flags: Readonly<Record<string, unknown>>): ConfigBranch {
  let layer = emptyBranch('flag');
  for (const [key, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    layer = mergeConfig(layer, setting(key.split('.'), value, { layer: 'flag', source: optionOf(key) }));
  }
  return layer;
}

/** The option of the command line that gives a setting: `resolution.min_age` is `--min-age`. */
function optionOf(key: string): string {
  const last = key.slice(key.lastIndexOf('.') + 1).replaceAll('_', '-');
  return `--${last.replace(/s$/, '')}`;
}

function setting(
  path: readonly string[],
  given: unknown,
  from: { layer: ConfigLayer; source: string },
): ConfigBranch {
  const place = describe(path, from.source);
  const value =
    typeof given === 'string' && place.type !== 'string' && place.type !== 'enum'
      ? plainValue(given, path, from.source)
      : given;
  const holder =
    path[0] === 'registries' ? { registries: [nest(path.slice(2), value, path[1]!)] } : nest(path, value);
  const checked = configFileSchema.safeParse(holder);
  if (!checked.success) {
    const reason = checked.error.issues[0]!.message;
    throw new ProvError('WORKSPACE_SETTING_INVALID', { source: from.source, key: path.join('.'), reason });
  }
  const origin = { layer: from.layer, file: from.source };
  return toNode(holder, () => origin) as ConfigBranch;
}

function nest(path: readonly string[], value: unknown, id?: string): Record<string, unknown> {
  const inner = path.reduceRight<unknown>((child, key) => ({ [key]: child }), value) as Record<
    string,
    unknown
  >;
  return id === undefined ? inner : { id, ...inner };
}

function describe(path: readonly string[], source: string): { type: string } {
  const ofRegistry = path[0] === 'registries' && path.length >= 3 ? ['registries', path[2]!] : undefined;
  for (let length = 1; length <= path.length; length += 1) {
    const known = schemaPath(path.slice(0, length));
    if (schemaAt(configFileSchema, known) !== undefined) continue;
    const above = schemaAt(configFileSchema, schemaPath(path.slice(0, length - 1)));
    const suggestion = suggestKey(path[length - 1]!, above?.keys ?? []);
    throw new ProvError('WORKSPACE_SETTING_UNKNOWN', { source, key: path.join('.'), suggestion });
  }
  if (path[0] === 'registries' && ofRegistry === undefined) {
    throw new ProvError('WORKSPACE_SETTING_INVALID', {
      source,
      key: path.join('.'),
      reason: 'write registries.ID.url or registries.ID.namespace',
    });
  }
  return schemaAt(configFileSchema, schemaPath(path))!;
}

/** In the schema `registries` is a list: its items have no name there. */
function schemaPath(path: readonly string[]): readonly string[] {
  return path[0] === 'registries' && path.length > 1 ? ['registries', '0', ...path.slice(2)] : path;
}

function plainValue(text: string, path: readonly string[], source: string): unknown {
  try {
    return parseYaml(text, source).value;
  } catch (error) {
    throw new ProvError(
      'WORKSPACE_SETTING_INVALID',
      { source, key: path.join('.'), reason: (error as Error).message },
      { cause: error },
    );
  }
}

function matchKeys(path: readonly string[], below: ConfigBranch): string[] {
  const out: string[] = [];
  for (const part of path) {
    const here = lookup(below, out);
    const known = here?.type === 'branch' ? [...here.entries.keys()] : [];
    out.push(known.find((key) => fold(key) === fold(part)) ?? part);
  }
  return out;
}

function fold(key: string): string {
  return key.toLowerCase().replace(/[-.]/g, '_');
}
