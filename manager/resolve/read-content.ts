import { isDeepStrictEqual } from 'node:util';
import { canonicalJson, type Digest, isProvError, type JsonValue, ProvError } from '#base';
import { type ReadExtension, type ReadStore, readExtension } from '#oci';
import type { RegistryContent, SolvedPackage } from '#resolver';
import { type Descriptor, type LockEntry, versionToTag } from '#schemas';
import { assertTrusted, type PreviousSigner, type TrustPolicy } from '#trust';
import type { ManagerContext } from '../context.js';
import { contentBlock } from '../lock/content-block.js';
import type { CollectedSignatures } from '../trust/collect-signatures.js';
import { tellVerdict } from '../trust/unverified.js';
import { verifyContent } from '../trust/verify-content.js';

export interface ReadContentRequest {
  readonly solved: SolvedPackage;
  readonly store: ReadStore;
  /** Host of the registry. */
  readonly host: string;
  /** The digest of the facts is asked for, not the tag: its registry vouched for it a moment ago. */
  readonly byDigest: boolean;
  readonly policy: TrustPolicy;
  /** What an earlier lock says of the same manifest, while no registry may be asked. */
  readonly known?: LockEntry | undefined;
  /** Who signed the version that was locked before. */
  readonly previous?: PreviousSigner | undefined;
}

/**
 * What the lock has to say of a chosen version: its content as it is on the registry now, and who signed
 * it. The manifest must be the very one whose facts were resolved, and say what an index said of it.
 * @throws TRUST_REFUSED, MANAGER_LOCK_CONTENT_CHANGED, MANAGER_LIST_CHANGED, MANAGER_INDEX_LIES,
 *   MANAGER_OFFLINE_MISSING
 */
export async function readContent(
  { solved, store, host, byDigest, policy, known, previous }: ReadContentRequest,
  context: ManagerContext,
): Promise<RegistryContent> {
  const { signal } = context;
  const { name, version, kind, facts } = solved;
  const target = byDigest && facts.digest !== undefined ? facts.digest : versionToTag(version);
  const descriptor = await resolveListed(store, solved, { target, context });
  if (facts.digest !== undefined && descriptor.digest !== facts.digest) {
    if (facts.fromIndex)
      throw new ProvError('MANAGER_INDEX_LIES', {
        name,
        version,
        index: `the index of ${name} on ${host}`,
        what: 'its digest is',
        claimed: facts.digest,
        digest: descriptor.digest,
        actual: `that it is ${descriptor.digest}`,
      });
    throw new ProvError('MANAGER_LOCK_CONTENT_CHANGED', {
      name,
      version,
      actual: descriptor.digest,
      expected: facts.digest,
    });
  }
  const extension = await readExtension(store, descriptor, { provVersion: context.provVersion, signal });
  assertTruthful(solved, extension, host);
  const { verdict, signatures, manifest } = await verifyContent({
    store,
    descriptor,
    repository: solved.repository,
    registry: host,
    version,
    kind,
    policy,
    previous,
    read: extension,
    signal,
  });
  const lost = lostSignatures(known, signatures);
  if (!verdict.ok && lost.length > 0) throw missingOffline(lost, `signature of ${kind} ${name} ${version}`);
  assertTrusted(verdict);
  tellVerdict(verdict, { name, version }, context, 'warning');
  // What is not in the cache any more is attached all the same: offline nobody can have taken it away.
  const locked = known?.signatures;
  const found = signatures.bundles.map((bundle) => bundle.manifest.digest);
  const bundles = [...new Set([...found, ...(locked?.bundles ?? [])])].sort();
  const legacy = signatures.legacyManifest?.digest ?? locked?.legacy;
  return {
    ...contentBlock(descriptor, manifest),
    ...(bundles.length === 0 && legacy === undefined
      ? {}
      : {
          signatures: {
            ...(bundles.length === 0 ? {} : { bundles }),
            ...(legacy === undefined ? {} : { legacy }),
          },
        }),
    ...(verdict.publishedAt !== undefined && { publishedAt: verdict.publishedAt }),
    ...(verdict.signer === undefined
      ? {}
      : { signer: { identity: verdict.signer.identity, rule: verdict.rule ?? 'default' } }),
    ...(lost.length > 0 && known?.signer !== undefined ? { signer: known.signer } : {}),
    ...(lost.length > 0 && known?.publishedAt !== undefined ? { publishedAt: known.publishedAt } : {}),
  };
}

/** Signatures that a lock names and this machine has no more. */
function lostSignatures(
  known: LockEntry | undefined,
  { bundles, legacyManifest }: CollectedSignatures,
): Digest[] {
  const here = new Set(bundles.map(({ manifest }) => manifest.digest));
  const { bundles: locked = [], legacy } = known?.signatures ?? {};
  const lost = locked.filter((digest) => !here.has(digest));
  return legacy === undefined || legacyManifest !== undefined ? lost : [...lost, legacy];
}

/** Content that is needed and was not kept here. */
export function missingOffline(digests: readonly string[], what: string): ProvError {
  return new ProvError('MANAGER_OFFLINE_MISSING', {
    count: digests.length,
    list: digests.map((digest) => `  ${digest}  ${what}`).join('\n'),
    mirror: 'prov mirror export there, then prov mirror import here.',
    digests,
  });
}

async function resolveListed(
  store: ReadStore,
  solved: SolvedPackage,
  { target, context }: { readonly target: string; readonly context: ManagerContext },
): Promise<Descriptor> {
  try {
    return await store.resolve(target, { signal: context.signal });
  } catch (error) {
    if (!isProvError(error, 'OCI_REFERENCE_NOT_FOUND')) throw error;
    const { kind, name, version, facts } = solved;
    if (context.offline && facts.digest !== undefined)
      throw missingOffline([facts.digest], `${kind} ${name} ${version}`);
    throw new ProvError('MANAGER_LIST_CHANGED', { name, version, where: store.label }, { cause: error });
  }
}

const FACTS = [
  'dependencies',
  'optional_dependencies',
  'conflicts',
  'constraints',
  'provides',
  'platforms',
  'compatibility',
] as const;

/** What was resolved must be what the manifest says; an index is only a cache of that. @throws MANAGER_INDEX_LIES */
function assertTruthful(
  { name, version, kind, facts }: SolvedPackage,
  { config, facts: actual, descriptor }: ReadExtension,
  host: string,
): void {
  const refuse = (what: string, claimed: unknown, real: unknown) => {
    if (isDeepStrictEqual(claimed, real) || text(claimed) === text(real)) return;
    const index = `the index of ${name} on ${host}`;
    throw new ProvError('MANAGER_INDEX_LIES', {
      name,
      version,
      index,
      what,
      claimed: text(claimed),
      actual: text(real),
      digest: descriptor.digest,
    });
  };
  refuse('it is', `${kind} ${name} ${version}`, `${config.type} ${config.name} ${config.version}`);
  for (const fact of FACTS) refuse(fact.replace('_', ' '), known(facts.deps, fact), known(actual, fact));
}

function known(facts: object, name: string): unknown {
  return (facts as Readonly<Record<string, unknown>>)[name] ?? null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : canonicalJson(value as JsonValue);
}
