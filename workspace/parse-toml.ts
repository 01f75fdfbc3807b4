import { ProvError } from '#base';
import type { YamlFile } from '#schemas';
import { tomlPositions } from './toml-positions.js';

const MAX_DEPTH = 64;

/**
 * Reads TOML 1.0 as plain data with the place of each key; dates become their text.
 * @throws WORKSPACE_TOML_SYNTAX with line and column.
 */
export async function parseToml(text: string, path: string): Promise<YamlFile> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    const value = plain(parse(text, { maxDepth: MAX_DEPTH, unsafeKeyBehaviour: 'throw' }));
    return { path, value, position: tomlPositions(text) };
  } catch (error) {
    const place =
      error instanceof TomlError ? { line: error.line, column: error.column } : { line: 1, column: 1 };
    const reason = (error as Error).message.split('\n', 1)[0]!.replace(/^Invalid TOML document: /, '');
    throw new ProvError('WORKSPACE_TOML_SYNTAX', { path, ...place, reason }, { cause: error });
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
  }
  return value;
}
