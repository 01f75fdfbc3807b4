/** Where a value comes from, lowest to highest in the order of the list; the last three only for modules. */
export const CONFIG_LAYERS = [
  'built-in',
  'system',
  'user',
  'workspace',
  'provider',
  'platform',
  'environment',
  'infra',
  'variable',
  'flag',
  'defaults',
  'component',
  'placement',
] as const;
export type ConfigLayer = (typeof CONFIG_LAYERS)[number];

/** The place of a value. `file` is a path, or the name of a variable or flag; line and column are 1-based. */
export interface ConfigOrigin {
  readonly layer: ConfigLayer;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** A value that knows where it came from, and what it replaced (nearest first). */
export interface ConfigValue<T = unknown> extends ConfigOrigin {
  /** Dotted path, for example `registries.corp.url`. */
  readonly key: string;
  readonly value: T;
  readonly overridden: readonly ConfigReplaced[];
}

export interface ConfigReplaced extends ConfigOrigin {
  readonly value: unknown;
}

/** A scalar or a plain list. */
export interface ConfigLeaf {
  readonly type: 'leaf';
  readonly value: unknown;
  readonly origin: ConfigOrigin;
  /** One origin for each item of a list. */
  readonly items?: readonly ConfigOrigin[];
  readonly overridden: readonly ConfigReplaced[];
}

/** An object, or (`list`) a list whose items have an `id` and are held by it. */
export interface ConfigBranch {
  readonly type: 'branch';
  readonly list: boolean;
  readonly entries: ReadonlyMap<string, ConfigNode>;
  readonly origin: ConfigOrigin;
  readonly overridden: readonly ConfigReplaced[];
}

export type ConfigNode = ConfigLeaf | ConfigBranch;

export function emptyBranch(layer: ConfigLayer): ConfigBranch {
  return { type: 'branch', list: false, entries: new Map(), origin: { layer }, overridden: [] };
}

/** Gives the origin of the value at a path of keys. */
export type OriginOf = (path: readonly (string | number)[]) => ConfigOrigin;

/** Turns plain data into nodes, each with its origin. Only the top-level list `registries` is held by `id`. */
export function toNode(
  value: unknown,
  originOf: OriginOf,
  path: readonly (string | number)[] = [],
): ConfigNode {
  const origin = originOf(path);
  if (Array.isArray(value)) {
    if (path.length === 1 && path[0] === 'registries') {
      const entries = value.map(
        (item: { id: string }, index) => [item.id, toNode(item, originOf, [...path, index])] as const,
      );
      return { type: 'branch', list: true, entries: new Map(entries), origin, overridden: [] };
    }
    return {
      type: 'leaf',
      value,
      origin,
      items: value.map((_, index) => originOf([...path, index])),
      overridden: [],
    };
  }
  if (isRecord(value)) {
    const entries = Object.entries(value).map(
      ([key, member]) => [key, toNode(member, originOf, [...path, key])] as const,
    );
    return { type: 'branch', list: false, entries: new Map(entries), origin, overridden: [] };
  }
  return { type: 'leaf', value, origin, overridden: [] };
}

/** The plain data of a node. */
export function toValue(node: ConfigNode): unknown {
  if (node.type === 'leaf') return node.value;
  if (node.list) return [...node.entries.values()].map(toValue);
  return Object.fromEntries([...node.entries].map(([key, child]) => [key, toValue(child)]));
}

export function lookup(node: ConfigNode, path: readonly string[]): ConfigNode | undefined {
  let current: ConfigNode | undefined = node;
  for (const key of path) {
    if (current?.type !== 'branch') return undefined;
    current = current.entries.get(key);
  }
  return current;
}

/** Every leaf below a node, in order, with its dotted key. */
export function leaves(node: ConfigNode, path: readonly string[] = []): ConfigValue[] {
  if (node.type === 'branch')
    return [...node.entries].flatMap(([key, child]) => leaves(child, [...path, key]));
  return [{ key: path.join('.'), value: node.value, ...node.origin, overridden: node.overridden }];
}

/** `file:line` for messages, or the layer when there is no file. */
export function formatOrigin(origin: ConfigOrigin): string {
  if (origin.file === undefined) return `the ${origin.layer} configuration`;
  return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}:${origin.column ?? 1}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
