import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Names of the extensions in the lock of the workspace around `from`; cheap, so without reading it as YAML. */
export function lockedNames(from: string): readonly string[] {
  for (let at = from; ; at = dirname(at)) {
    const lock = join(at, 'prov.lock');
    if (existsSync(lock)) return namesIn(lock);
    if (dirname(at) === at) return [];
  }
}

function namesIn(path: string): readonly string[] {
  try {
    const text = readFileSync(path, 'utf8');
    return [...text.matchAll(/^ *(?:- )?name: ["']?([a-z0-9][a-z0-9._-]*)["']?$/gm)].map(([, name]) => name!);
  } catch {
    // Completion says nothing rather than failing in the middle of a line.
    return [];
  }
}
