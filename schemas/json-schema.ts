import type { ErrorObject, ValidateFunction } from 'ajv';
import { isJsonSchema } from './json-schema-meta.js';

export type JsonSchemaProblem = ErrorObject;
export type JsonSchemaCheck = ValidateFunction;

const META_SCHEMA = 'https://json-schema.org/draft/2020-12/schema';

/**
 * Compiles a JSON Schema 2020-12 of an extension. Formats are not checked, and references to other documents are not
 * followed; problems carry the schema that they are about. Throws an Error that says what is wrong with the schema.
 */
export async function compileJsonSchema(
  schema: Readonly<Record<string, unknown>>,
  { allErrors = false }: { readonly allErrors?: boolean } = {},
): Promise<JsonSchemaCheck> {
  // By the default export: a bundled CommonJS package has no other when it is imported on use.
  const { Ajv2020 } = (await import('ajv/dist/2020.js')).default;
  const known = needsNoMetaSchema(schema);
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    verbose: true,
    logger: false,
    allErrors,
    // A validator that runs once is not worth the passes that make it faster.
    code: { optimize: false },
    // To compile the meta-schema takes three times as long as all the rest.
    ...(known ? { meta: false, validateSchema: false } : {}),
  });
  if (known && !isJsonSchema(schema))
    throw new Error(`schema is invalid: ${ajv.errorsText([...(isJsonSchema.errors ?? [])])}`);
  return ajv.compile(schema);
}

/** False for a schema of another draft, and for one that refers to the meta-schema itself. */
function needsNoMetaSchema({ $schema = META_SCHEMA, ...schema }: Readonly<Record<string, unknown>>): boolean {
  return $schema === META_SCHEMA && !JSON.stringify(schema).includes('json-schema.org/');
}
