import { readFile, stat } from 'node:fs/promises';
import { log, ProvError } from '#base';

export type Section = Readonly<Record<string, unknown>>;

/** Far above honest use: thousands of registries. */
const MAX_BYTES = 4 * 1024 * 1024;
const warned = new Set<string>();

/** The content of docker's or podman's file, undefined when there is none. @throws OCI_AUTH_FILE_INVALID */
export async function readAuthFile(path: string): Promise<Section | undefined> {
  let text: string;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw invalid(path, 'it is not a file');
    if (found.size > MAX_BYTES) throw invalid(path, `it has ${found.size} bytes, more than ${MAX_BYTES}`);
    text = await readFile(path, 'utf8');
    if ((found.mode & 0o004) !== 0 && process.platform !== 'win32') warnReadable(path, text);
  } catch (error) {
    if (error instanceof ProvError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ProvError('OCI_AUTH_FILE_INVALID', { path, reason: message }, { cause: error });
  }
  return parseAuthFile(text, path);
}

/** @throws OCI_AUTH_FILE_INVALID */
export function parseAuthFile(text: string, path: string): Section {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may hold a secret.
    throw invalid(path, 'it is not valid JSON');
  }
  if (!isSection(value)) throw invalid(path, 'it is not a JSON object');
  return value;
}

export function sectionOf(file: Section, name: string, path: string): Section {
  const value = file[name] ?? {};
  if (!isSection(value)) throw invalid(path, `"${name}" is not an object`);
  return value;
}

export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function invalid(path: string, reason: string): ProvError {
  return new ProvError('OCI_AUTH_FILE_INVALID', { path, reason });
}

/** Only said: clusters mount such files readable by all. */
function warnReadable(path: string, text: string): void {
  if (warned.has(path) || !/"(?:auth|password|identitytoken|registrytoken)"\s*:\s*"[^"]/.test(text)) return;
  warned.add(path);
  log.warn(`${path} holds credentials and can be read by every user of this machine; chmod 600 it`);
}
