import type { ErrorObject } from 'ajv';

/** Whether a value is a JSON Schema 2020-12: the meta-schema, compiled when prov is built (scripts/json-schema-meta.mjs). */
export declare const isJsonSchema: {
  (value: unknown): boolean;
  readonly errors?: readonly ErrorObject[] | null;
};
