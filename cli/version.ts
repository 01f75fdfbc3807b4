import { readFileSync } from 'node:fs';

let version: string | undefined;

/** The version in the package.json of this program; 0.0.0 when it cannot be found. */
export function provVersion(): string {
  version ??=
    ['../package.json', '../../package.json'].map(read).find((text) => text !== undefined) ?? '0.0.0';
  return version;
}

function read(relative: string): string | undefined {
  try {
    const parsed = JSON.parse(readFileSync(new URL(relative, import.meta.url), 'utf8')) as {
      name?: string;
      version?: string;
    };
    return parsed.name === 'prov' ? parsed.version : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
