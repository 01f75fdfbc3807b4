import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isProvError } from '#base';
import { compileJsonSchema, type ExtensionManifest, type JsonSchemaCheck, parseYaml } from '#schemas';
import type { Report } from './validate-extension.js';

export interface ConfigurationSource {
  readonly dir: string;
  readonly manifest: ExtensionManifest;
  /** Packed files; missing ones are reported elsewhere. */
  readonly files: ReadonlySet<string>;
}

/**
 * Reports a configuration schema that is no JSON Schema 2020-12, defaults that are no YAML, and defaults that
 * do not fit the schema. Keys that are required but have no default are fine: the user gives them.
 */
export async function checkConfiguration(source: ConfigurationSource, report: Report): Promise<void> {
  const { schema: schemaPath, defaults: defaultsPath } = source.manifest.configuration ?? {};
  const schema = readSchema(source, schemaPath, report);
  const defaults = readDefaults(source, defaultsPath, report);
  if (schema === undefined) return;
  let validate: JsonSchemaCheck;
  try {
    validate = await compileJsonSchema(schema, { allErrors: true });
  } catch (error) {
    report('error', `${schemaPath} is not a JSON Schema: ${(error as Error).message}`);
    return;
  }
  if (defaults === undefined || validate(defaults)) return;
  for (const problem of validate.errors ?? []) {
    if (problem.keyword === 'required') continue;
    const extra: unknown = problem.params['additionalProperty'];
    const at = `${problem.instancePath}${typeof extra === 'string' ? `/${extra}` : ''}` || '/';
    report(
      'error',
      `${defaultsPath} does not fit ${schemaPath} at ${at}: ${problem.message ?? problem.keyword}`,
    );
  }
}

function readSchema(
  source: ConfigurationSource,
  path: string | undefined,
  report: Report,
): Readonly<Record<string, unknown>> | undefined {
  if (path === undefined || !source.files.has(path)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(join(source.dir, path), 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
    report('error', `${path} is not a JSON Schema: it is no object`);
  } catch (error) {
    report('error', `${path} is not a JSON Schema: ${(error as Error).message}`);
  }
  return undefined;
}

function readDefaults(source: ConfigurationSource, path: string | undefined, report: Report): unknown {
  if (path === undefined || !source.files.has(path)) return undefined;
  try {
    return parseYaml(readFileSync(join(source.dir, path), 'utf8'), path).value ?? {};
  } catch (error) {
    if (!isProvError(error)) throw error;
    report('error', error.message);
    return undefined;
  }
}
