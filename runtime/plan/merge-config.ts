type Config = Readonly<Record<string, unknown>>;

/** Deep merge: objects key by key, everything else is replaced by `over`. Neither argument changes. */
export function mergeConfig(under: Config, over: Config): Config {
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = Object.hasOwn(under, key) ? under[key] : undefined;
    const both = isObject(below) && isObject(value) ? mergeConfig(below, value) : value;
    Object.defineProperty(merged, key, { value: both, enumerable: true, configurable: true, writable: true });
  }
  return merged;
}

function isObject(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
