import { stringify } from 'yaml';

/** A value as block YAML. Loaded on use: a named import of a CommonJS package survives bundling only when it is static. */
export function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
