import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isProvError, log, makeDirectories, ProvError, provHome, writeFileAtomic } from '#base';
import type { RealmPins } from '#oci';

/**
 * Remembers under home where each registry signs users in: a small file for each registry, written as one
 * step. Where home cannot be written, that is said and the run goes on.
 */
export function fileRealmPins(env: NodeJS.ProcessEnv): RealmPins {
  const directory = join(provHome(env), 'state', 'realms');
  const pathOf = (registry: string) => join(directory, `${encodeURIComponent(registry.toLowerCase())}.json`);
  return {
    get(registry) {
      return readPin(pathOf(registry));
    },
    set(registry, realm) {
      const path = pathOf(registry);
      try {
        makeDirectories(directory, { mode: 0o700 });
        writeFileAtomic(path, `${JSON.stringify({ v: 1, registry, realm })}\n`, { mode: 0o600 });
      } catch (error) {
        const reason = isProvError(error) ? error.message : (error as Error).message;
        log.warn(`where ${registry} signs users in could not be remembered: ${reason}`);
      }
    },
  };
}

/** @throws BASE_FILE_UNREADABLE: a pin that cannot be read is not one that may be ignored */
export function readPin(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: message }, { cause: error });
  }
  try {
    const { realm } = Object(JSON.parse(text)) as { realm?: unknown };
    if (typeof realm === 'string' && realm !== '') return realm;
  } catch {
    // Said below: whatever is wrong with it, it holds no pin.
  }
  const reason = 'it does not say where the registry signs users in; remove it to learn that anew';
  throw new ProvError('BASE_FILE_UNREADABLE', { path, reason });
}
