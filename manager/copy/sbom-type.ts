import { readFile } from 'node:fs/promises';

/** Larger files are no SBOM that anyone reads as a whole. */
const MAX_SBOM_BYTES = 64 * 1024 * 1024;

/** The media type of an SBOM in JSON, by what it says of itself; undefined for other files. */
export async function sbomType(path: string, bytes: number): Promise<string | undefined> {
  if (bytes > MAX_SBOM_BYTES || !/\.json$/i.test(path)) return undefined;
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown> | null;
    if (typeof value?.['spdxVersion'] === 'string') return 'application/spdx+json';
    if (typeof value?.['@context'] === 'string' && value['@context'].includes('spdx.org'))
      return 'application/spdx+json';
    return value?.['bomFormat'] === 'CycloneDX' ? 'application/vnd.cyclonedx+json' : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
