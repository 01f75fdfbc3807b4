import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { assertWithin, isProvError, LIMITS, ProvError } from '#base';
import { type ExtensionManifest, manifestProblems, parseExtensionManifest, type YamlFile } from '#schemas';
import { readError } from '../reading.js';

export const MANIFEST_FILE = 'manifest.yaml';
const GIVE = 'Give the directory of an extension: the one with its manifest.yaml.';

/**
 * Reads the manifest of an extension directory.
 * @throws BASE_FILE_MISSING, OCI_PACK_NOT_DIRECTORY, OCI_PACK_MANIFEST_MISSING, BASE_FILE_UNREADABLE, SCHEMAS_* with line and column.
 */
export function readSourceManifest(dir: string, provVersion: string): YamlFile<ExtensionManifest> {
  const { text, path } = readText(dir);
  return parseExtensionManifest(text, path, provVersion);
}

/**
 * Everything that is wrong with the manifest of an extension directory.
 * @throws BASE_FILE_MISSING, OCI_PACK_MANIFEST_MISSING, BASE_FILE_UNREADABLE, SCHEMAS_YAML_SYNTAX when it is not UTF-8
 */
export function sourceManifestProblems(dir: string, provVersion: string): readonly ProvError[] {
  const { text, path } = readText(dir);
  return manifestProblems(text, path, provVersion);
}

function readText(dir: string): { readonly text: string; readonly path: string } {
  const path = join(dir, MANIFEST_FILE);
  let bytes: Uint8Array;
  try {
    assertWithin(statSync(path).size, LIMITS.textFileBytes, path);
    bytes = readFileSync(path);
  } catch (error) {
    const failure = readError(path, error);
    if (!isProvError(failure, 'BASE_FILE_MISSING')) throw failure;
    if (!existsSync(dir))
      throw new ProvError('BASE_FILE_MISSING', { path: dir, hint: GIVE }, { cause: error });
    if (!statSync(dir).isDirectory())
      throw new ProvError('OCI_PACK_NOT_DIRECTORY', { path: dir }, { cause: error });
    throw new ProvError('OCI_PACK_MANIFEST_MISSING', { path: dir }, { cause: error });
  }
  return { text: decode(bytes, path), path };
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ProvError(
      'SCHEMAS_YAML_SYNTAX',
      { path, line: 1, column: 1, reason: 'it is not UTF-8' },
      { cause: error },
    );
  }
}

/** Every file the manifest names, with the key that names it. */
export function declaredFiles(
  manifest: ExtensionManifest,
): readonly { readonly key: string; readonly path: string }[] {
  const named = (section: string, map: Readonly<Record<string, string>> | undefined) =>
    Object.entries(map ?? {}).map(([key, path]) => ({ key: `${section}.${key}`, path: clean(path) }));
  const { schema, defaults } = manifest.configuration ?? {};
  return [
    ...named('scripts', manifest.scripts),
    ...named('operations', manifest.operations),
    ...(schema === undefined ? [] : [{ key: 'configuration.schema', path: clean(schema) }]),
    ...(defaults === undefined ? [] : [{ key: 'configuration.defaults', path: clean(defaults) }]),
  ];
}

function clean(path: string): string {
  return path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');
}
