import { join } from 'node:path';
import { writeTree } from './files.js';

export interface SampleExtension {
  readonly name: string;
  readonly type?: string;
  readonly version?: string;
  /** Further fields of manifest.yaml; JSON is YAML. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Further files by path; scripts are named in the manifest by their file name without its ending. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** Writes an extension directory `parent/name-version` and returns its path. */
export function writeExtension(parent: string, extension: SampleExtension): string {
  const { name, type = 'taskserv', version = '1.0.0', manifest = {}, files = {} } = extension;
  const scripts = Object.fromEntries(
    Object.keys(files)
      .filter((path) => /^scripts\/[a-z_]+\.(?:sh|mjs)$/.test(path))
      .map((path) => [path.slice('scripts/'.length, path.lastIndexOf('.')), path]),
  );
  const fields = {
    schema: 1,
    name,
    type,
    version,
    description: `The ${name} of a test.`,
    ...(Object.keys(scripts).length === 0 ? {} : { scripts }),
    ...manifest,
  };
  return writeTree(join(parent, `${name}-${version}`), {
    'manifest.yaml': `${Object.entries(fields)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
      .join('\n')}\n`,
    ...files,
  });
}
