import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { IntegerGraph } from './integer-graph.js';

const BESIDE_THE_REPOSITORY = new URL('../../../../shared/data/resolver/', import.meta.url).pathname;

/** A graph of real data, where it lies on this machine; undefined elsewhere. */
export function sharedGraph(file: string): IntegerGraph | undefined {
  return sharedJson(file) as IntegerGraph | undefined;
}

/** The same with names and ranges: `d` is dependency to range. */
export function sharedNames(
  file: string,
): Record<string, Record<string, { d?: Record<string, string> }>> | undefined {
  return sharedJson(file) as ReturnType<typeof sharedNames>;
}

function sharedJson(file: string): unknown {
  const folder = process.env['PROV_SHARED_DATA'];
  const path = `${folder === undefined ? BESIDE_THE_REPOSITORY : `${folder}/`}${file}`;
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  return JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as unknown;
}

export const NO_SHARED_DATA = 'the real data is not on this machine (set PROV_SHARED_DATA to its folder)';
