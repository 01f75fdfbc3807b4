import type * as z from 'zod';
import type { SecurityRule } from '#schemas';

type Inner = {
  readonly def?: {
    readonly type?: string;
    readonly innerType?: z.ZodType;
    readonly in?: z.ZodType;
    readonly element?: z.ZodType;
    readonly valueType?: z.ZodType;
    readonly options?: readonly z.ZodType[];
  };
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly meta?: () => Readonly<Record<string, unknown>> | undefined;
};

/** What a schema says of one key. */
export interface SchemaPlace {
  /** zod's name of the type: `string`, `enum`, `number`, `object`, … */
  readonly type: string;
  /** The keys that may stand here; empty for anything but an object. */
  readonly keys: readonly string[];
  /** Whether any key may stand here. */
  readonly open: boolean;
  readonly security?: SecurityRule;
  /** Members of an enum. */
  readonly values: readonly string[];
}

/** Follows a path of keys through a schema; undefined when the schema has no such key. */
export function schemaAt(schema: z.ZodType, path: readonly string[]): SchemaPlace | undefined {
  let current: z.ZodType | undefined = schema;
  let security: SecurityRule | undefined;
  for (const key of path) {
    current = member(peel(current).schema, key);
    if (current === undefined) return undefined;
    security = peel(current).security ?? security;
  }
  const { schema: bare } = peel(current);
  const inner = bare as Inner;
  const object = inner.shape ?? objectOption(inner)?.shape;
  return {
    type: inner.def?.type ?? 'unknown',
    keys: object === undefined ? [] : Object.keys(object),
    open: inner.def?.type === 'record' || inner.def?.type === 'unknown',
    values:
      (bare as { options?: readonly unknown[] }).options?.filter((value) => typeof value === 'string') ?? [],
    ...(security === undefined ? {} : { security }),
  };
}

/** Takes off `optional` and the like, noting what they say about security. */
function peel(schema: z.ZodType): { schema: z.ZodType; security?: SecurityRule } {
  let current = schema;
  let security: SecurityRule | undefined;
  for (;;) {
    const inner = current as Inner;
    security ??= inner.meta?.()?.['security'] as SecurityRule | undefined;
    const next = inner.def?.innerType ?? inner.def?.in;
    if (next === undefined) return { schema: current, ...(security === undefined ? {} : { security }) };
    current = next;
  }
}

function member(schema: z.ZodType, key: string): z.ZodType | undefined {
  const { def, shape } = schema as Inner;
  if (shape !== undefined) return Object.hasOwn(shape, key) ? shape[key] : undefined;
  if (def?.type === 'union') return objectOption(schema as Inner)?.shape?.[key];
  if (def?.type === 'unknown') return schema;
  return def?.valueType ?? def?.element;
}

function objectOption(schema: Inner): Inner | undefined {
  return schema.def?.options?.find((option) => (option as Inner).shape !== undefined) as Inner | undefined;
}
