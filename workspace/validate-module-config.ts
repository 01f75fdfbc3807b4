import { join } from 'node:path';
import { ProvError } from '#base';
import {
  compileJsonSchema,
  type ExtensionManifest,
  type JsonSchemaCheck,
  type JsonSchemaProblem,
  suggestKey,
} from '#schemas';
import { type ConfigBranch, type ConfigNode, formatOrigin, toValue } from './config-node.js';
import { readTextIfThere } from './read-text.js';

const SCHEMA_FILE = 'schema/config.schema.json';

/** Checks settings against an extension's schema. @throws WORKSPACE_MODULE_CONFIG_INVALID */
export type ConfigCheck = (settings: ConfigBranch) => void;

/**
 * Compiles the JSON Schema (2020-12) of an extension; without one everything is accepted. References to
 * other documents are not followed.
 * @throws WORKSPACE_MODULE_SCHEMA_INVALID; BASE_FILE_MISSING when the manifest names a file that is not there.
 */
export async function compileConfigCheck(
  dir: string,
  manifest: ExtensionManifest,
  signal?: AbortSignal,
): Promise<ConfigCheck> {
  const declared = manifest.configuration?.schema;
  const path = join(dir, declared ?? SCHEMA_FILE);
  const text = await readTextIfThere(path, signal);
  if (text === undefined) {
    if (declared !== undefined) throw new ProvError('BASE_FILE_MISSING', { path });
    return () => undefined;
  }
  const validate = await compile(text, path);
  return (settings) => {
    if (validate(toValue(settings))) return;
    throw invalid(validate.errors![0]!, settings, { module: manifest.name, schema: path });
  };
}

async function compile(text: string, path: string): Promise<JsonSchemaCheck> {
  try {
    return await compileJsonSchema(JSON.parse(text) as Record<string, unknown>);
  } catch (error) {
    throw new ProvError(
      'WORKSPACE_MODULE_SCHEMA_INVALID',
      { path, reason: (error as Error).message },
      { cause: error },
    );
  }
}

function invalid(
  error: JsonSchemaProblem,
  settings: ConfigBranch,
  about: { module: string; schema: string },
): ProvError {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const params = error.params as { additionalProperty?: string };
  const known = Object.keys((error.parentSchema?.['properties'] ?? {}) as object);
  const at = params.additionalProperty === undefined ? path : [...path, params.additionalProperty];
  return new ProvError('WORKSPACE_MODULE_CONFIG_INVALID', {
    ...about,
    place: formatOrigin(nearest(settings, at).origin),
    at: at.join('.') || 'settings',
    reason: params.additionalProperty === undefined ? (error.message ?? 'is not valid') : 'is not a setting',
    ...(params.additionalProperty === undefined
      ? {}
      : { hint: suggestKey(params.additionalProperty, known) }),
  });
}

/** The node at a path, or its closest parent. */
function nearest(root: ConfigBranch, path: readonly string[]): ConfigNode {
  let current: ConfigNode = root;
  for (const key of path) {
    const next: ConfigNode | undefined = current.type === 'branch' ? current.entries.get(key) : undefined;
    if (next === undefined) return current;
    current = next;
  }
  return current;
}
