// Compiles the meta-schema of JSON Schema 2020-12 to the module that schemas/json-schema-meta.d.ts declares.
import ajv2020 from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';

export async function writeJsonSchemaMeta() {
  const ajv = new ajv2020.Ajv2020({
    strict: false,
    validateFormats: false,
    allErrors: true,
    logger: false,
    code: { source: true, esm: true },
  });
  const text = standalone.default(ajv, { isJsonSchema: 'https://json-schema.org/draft/2020-12/schema' });
  await build({
    stdin: { contents: text, resolveDir: process.cwd() },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: 'build/schemas/json-schema-meta.js',
    logLevel: 'warning',
  });
}
