import { assertWithin, ProvError } from '#base';
import { parseYaml, type YamlFile } from '#schemas';
import { parseTrustPolicy } from '../parse-trust-policy.js';
import type { PublicKey } from '../public-key.js';
import { importClusterImagePolicy } from './cluster-image-policy.js';
import { importContainersPolicy } from './containers-policy.js';
import { importKyvernoPolicy } from './kyverno-policy.js';
import { importNotationPolicy } from './notation-policy.js';
import { type ImportNote, PolicyDraft } from './policy-draft.js';
import { policyText } from './policy-text.js';

export const IMPORT_FORMATS = ['containers', 'notation', 'cluster-image-policy', 'kyverno'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

const MAX_BYTES = 1024 * 1024;
const MAX_DOCUMENTS = 100;

export interface ImportPolicyOptions {
  /** Default: what the file looks like. */
  readonly format?: ImportFormat | undefined;
  /** Who signs in the place of what prov cannot verify (certificates, GPG, keys in a cluster). */
  readonly standIns?: readonly PublicKey[] | undefined;
  /** Reads the PEM that a policy points at. */
  readonly readKey: (path: string) => Promise<string>;
}

export interface ImportedPolicy {
  readonly format: ImportFormat;
  /** A `trust-policy.yaml` that loads. */
  readonly text: string;
  readonly rules: number;
  readonly notes: readonly ImportNote[];
}

/**
 * A trust policy out of that of another program. It accepts nothing that the other did not, except where a note says
 * `looser`; whatever cannot be said is refused, with a note.
 * @throws SCHEMAS_*, TRUST_IMPORT_UNKNOWN
 */
export async function importPolicy(
  written: string,
  path: string,
  { format, standIns, readKey }: ImportPolicyOptions,
): Promise<ImportedPolicy> {
  assertWithin(Buffer.byteLength(written), MAX_BYTES, path);
  const documents = documentsOf(written, path);
  const chosen = format ?? formatOf(documents, path);
  const draft = new PolicyDraft(standIns);
  for (const document of documents)
    if (chosen === 'containers') await importContainersPolicy(document, draft, readKey);
    else if (chosen === 'notation') importNotationPolicy(document, draft);
    else if (chosen === 'kyverno') importKyvernoPolicy(document, draft);
    else importClusterImagePolicy(document, draft);
  const meaning = chosen === 'containers' || chosen === 'notation' ? 'most-specific' : 'all';
  const text = policyText(draft, { source: `${path} (${chosen})`, meaning });
  // What is handed out loads, or is not handed out.
  await parseTrustPolicy(text, 'the imported policy');
  return { format: chosen, text, rules: draft.rules.length, notes: draft.notes };
}

/** The documents of a YAML file; JSON is one. Empty ones are dropped. */
function documentsOf(written: string, path: string): readonly YamlFile[] {
  const parts = written.split(/^---(?:[ \t].*)?$/m);
  assertWithin(parts.length, MAX_DOCUMENTS, path, 'documents');
  const documents = parts.map((part) => parseYaml(part, path)).filter(({ value }) => value !== null);
  if (documents.length === 0) throw new ProvError('TRUST_IMPORT_UNKNOWN', { path });
  return documents;
}

function formatOf([first]: readonly YamlFile[], path: string): ImportFormat {
  const value = first?.value;
  const has = (name: string) => typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  const text = (name: string) => (has(name) ? String((value as Record<string, unknown>)[name]) : '');
  if (has('trustPolicies')) return 'notation';
  if (has('default') || has('transports')) return 'containers';
  if (text('kind') === 'ClusterImagePolicy') return 'cluster-image-policy';
  if (text('apiVersion').startsWith('kyverno.io/')) return 'kyverno';
  throw new ProvError('TRUST_IMPORT_UNKNOWN', { path });
}
