import type * as z from 'zod';
import { ProvError } from '#base';
import { checkYaml, configFileSchema, parseYaml, provisioningFileSchema, type YamlFile } from '#schemas';
import { type ConfigBranch, type ConfigLayer, isRecord, type OriginOf, toNode } from './config-node.js';
import { parseToml } from './parse-toml.js';
import { readTextIfThere } from './read-text.js';

export interface ConfigFileOptions {
  readonly layer: ConfigLayer;
  /** Puts everything in the file under these keys, for example `['providers', 'local']`. */
  readonly under?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads one TOML file of the configuration, checked strictly; undefined when there is no such file.
 * @throws WORKSPACE_TOML_SYNTAX, SCHEMAS_KEY_UNKNOWN and SCHEMAS_VALUE_INVALID with file, line and column.
 */
export async function readTomlLayer(
  path: string,
  options: ConfigFileOptions,
): Promise<ConfigBranch | undefined> {
  const text = await readTextIfThere(path, options.signal);
  if (text === undefined) return undefined;
  const parsed = await parseToml(text, path);
  return checkedLayer(
    options.under === undefined ? parsed : nested(parsed, options.under),
    configFileSchema,
    options.layer,
  );
}

/** Reads the text of `config/provisioning.yaml`. @throws SCHEMAS_* with file, line and column. */
export function readProvisioningText(text: string, path: string): ConfigBranch {
  return checkedLayer(parseYaml(text, path), provisioningFileSchema, 'workspace');
}

/** Checks the file, then keeps the values as they were written (with defaults and transforms left out). */
function checkedLayer(file: YamlFile, schema: z.ZodType, layer: ConfigLayer): ConfigBranch {
  checkYaml(file, schema as z.ZodType<unknown>);
  const originOf: OriginOf = (path) => ({ layer, file: file.path, ...file.position(path) });
  const own = Object.entries(file.value as Record<string, unknown>).filter(
    ([key]) => key !== '$schema' && key !== 'schema' && !key.startsWith('x-'),
  );
  assertUniqueIds(file);
  return toNode(Object.fromEntries(own), originOf) as ConfigBranch;
}

function assertUniqueIds(file: YamlFile): void {
  const { registries } = file.value as { registries?: readonly { id: string }[] };
  registries?.forEach(({ id }, index) => {
    if (registries.findIndex((other) => other.id === id) === index) return;
    const { line, column } = file.position(['registries', index]);
    throw new ProvError('WORKSPACE_REGISTRY_INVALID', {
      place: `${file.path}:${line}:${column}`,
      id,
      reason: 'the id is there twice',
      hint: 'The lock names registries by their ids: give one of the two another id.',
    });
  });
}

/** The older files hold everything in one table called after what they describe (`[provider]`). */
function nested(file: YamlFile, under: readonly string[]): YamlFile {
  const wrapper = under[0]!.replace(/s$/, '');
  const content = file.value as Record<string, unknown>;
  const wrapped = Object.keys(content).length === 1 && isRecord(content[wrapper]);
  const inner = wrapped ? content[wrapper] : content;
  const value = under.reduceRight<unknown>((child, key) => ({ [key]: child }), inner);
  return {
    path: file.path,
    value,
    position: (path) =>
      file.position(wrapped ? [wrapper, ...path.slice(under.length)] : path.slice(under.length)),
  };
}
