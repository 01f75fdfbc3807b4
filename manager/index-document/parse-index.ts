import { LIMITS, ProvError } from '#base';
import {
  type IndexDocument,
  type IndexEntry,
  indexDocumentSchema,
  indexEntrySchema,
  isVersion,
  parseWire,
  safeParseJson,
} from '#schemas';

/** Versions of one package, at most. */
export const MAX_ENTRIES = 100_000;

/**
 * Reads an index from outside. Entries that this prov cannot read (a state or kind of later versions) and
 * versions with two entries that disagree are left out: whoever joins the index with tags then reads their manifests.
 * @throws SCHEMAS_WIRE_INVALID when it is no index, or the index of another repository; BASE_LIMIT_EXCEEDED
 */
export function parseIndex(bytes: Uint8Array, repository: string, where: string): IndexDocument {
  const what = `the index of ${where}`;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: (error as Error).message }, { cause: error });
  }
  return readIndexValue(value, repository, where);
}

/** The same of a value that was read from JSON already. */
export function readIndexValue(value: unknown, repository: string, where: string): IndexDocument {
  const what = `the index of ${where}`;
  const raw = (value as { entries?: unknown } | null)?.entries;
  if (Array.isArray(raw) && raw.length > MAX_ENTRIES)
    throw new ProvError('BASE_LIMIT_EXCEEDED', { what, limit: MAX_ENTRIES, unit: 'entries' });
  const document = parseWire(indexDocumentSchema, { ...(value as object), entries: [] }, what);
  if (!Array.isArray(raw))
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: 'it has no list of entries' });
  if (document.repository !== repository)
    throw new ProvError('SCHEMAS_WIRE_INVALID', { what, reason: `it is that of ${document.repository}` });
  return { ...document, entries: readable(raw) };
}

function readable(raw: readonly unknown[]): IndexEntry[] {
  const byVersion = new Map<string, IndexEntry | undefined>();
  for (const each of raw) {
    const data = safeParseJson(indexEntrySchema, each).data;
    if (data === undefined || !isVersion(data.version)) continue;
    const known = byVersion.get(data.version);
    const agrees = !byVersion.has(data.version) || known?.digest === data.digest;
    byVersion.set(data.version, agrees ? data : undefined);
  }
  return [...byVersion.values()].filter((each) => each !== undefined);
}

/** The largest index that is read. */
export const INDEX_BYTES = LIMITS.apiResponseBytes;
