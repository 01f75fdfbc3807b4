import * as z from 'zod';
import { assertWithin, canonicalJson, type Digest, digestOf, isDigest, LIMITS, ProvError } from '#base';
import { safeParseJson } from './accepts.js';
import { readBlockYaml, writeBlockYaml } from './lock-text.js';
import { isExtensionName, KINDS } from './names.js';
import { isRepository } from './reference.js';
import { isVersion } from './version.js';
import { parseYaml, reasonOf } from './yaml-file.js';

const digest = z.custom<Digest>(isDigest, 'must be a digest');
const content = z.strictObject({ mediaType: z.string(), digest, size: z.int().nonnegative() });

const edge = z.strictObject({
  name: z.string(),
  range: z.string(),
  version: z.string(),
  optional: z.boolean().optional(),
  capability: z.string().optional(),
  platforms: z.array(z.string()).optional(),
});

const INSIDE = /^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\\]+$/;

const registrySource = z.strictObject({
  registry: z.string(),
  repository: z.string().refine(isRepository, 'must be namespace/name'),
  host: z.string().optional(),
});
const pathSource = z.strictObject({
  path: z.string().regex(INSIDE, 'must be a relative path inside the workspace'),
  tree: digest,
});

const lockEntryFields = z.strictObject({
  kind: z.enum(KINDS),
  // Both become part of a path: a lock that was tampered with must not lead out of its directory.
  name: z.string().refine(isExtensionName, 'must be an extension name'),
  version: z.string().refine(isVersion, 'must be a semantic version'),
  /** The name the workspace gave it, so that two majors stand side by side. */
  alias: z.string().refine(isExtensionName, 'must be an extension name').optional(),
  /** Set where no one version fits all platforms of the lock: those that this one is for. */
  platforms: z.array(z.string()).min(1).optional(),
  /** Registry id and `namespace/name`; `host` only when the registry is not this machine. Local paths: `path`. */
  source: z.union([registrySource, pathSource]),
  /** These three of what came from a registry: a local directory has its tree's digest and nothing else. */
  manifest: content.optional(),
  config: content.optional(),
  layers: z
    .array(
      z.strictObject({
        ...content.shape,
        tar: digest.optional(),
        asset: z.string().optional(),
        platform: z.string().optional(),
      }),
    )
    .default([]),
  children: z.array(content).optional(),
  vendored: z.array(z.string()).optional(),
  signatures: z.strictObject({ bundles: z.array(digest).optional(), legacy: digest.optional() }).optional(),
  signer: z.strictObject({ identity: z.string(), rule: z.string() }).optional(),
  dependencies: z.array(edge),
  skipped: z.array(z.strictObject({ name: z.string(), range: z.string(), reason: z.string() })).optional(),
  requiredBy: z.array(z.string()),
  provides: z.record(z.string(), z.string()).optional(),
  publishedAt: z.string().optional(),
  state: z.string().optional(),
});

// By `refine`, which says its condition by itself: see accepts.ts.
const lockEntry = lockEntryFields
  .refine((entry) => isLocalEntry(entry) || entry.manifest !== undefined, {
    path: ['manifest'],
    error: 'is missing',
  })
  .refine((entry) => isLocalEntry(entry) || entry.config !== undefined, {
    path: ['config'],
    error: 'is missing',
  })
  .refine(
    (entry) =>
      !isLocalEntry(entry) ||
      (entry.manifest ?? entry.config ?? entry.layers[0] ?? entry.signatures) === undefined,
    {
      path: ['source'],
      error: 'a local directory has a path and the digest of its tree, nothing that a registry has',
    },
  );

/** `prov.lock`. @see docs/spec/lock.md */
export const lockSchema = z.strictObject({
  lockVersion: z.literal(1),
  inputs: z.record(z.string(), digest),
  policy: z.strictObject({
    strategy: z.enum(['latest', 'lowest', 'lowest-direct', 'minimal-change', 'security-only']),
    prerelease: z.enum(['never', 'if-named', 'if-only', 'allow']),
    platforms: z.array(z.string()),
    publishedBefore: z.iso.datetime({ offset: true }).optional(),
    /** Set when the age was taken from what a registry says, which nobody signed. */
    ageSource: z.literal('registry').optional(),
    trustPolicy: digest.optional(),
  }),
  capabilities: z.record(z.string(), z.string()).optional(),
  extensions: z.array(lockEntry),
});
export type Lock = z.output<typeof lockSchema>;
export type LockEntry = z.output<typeof lockEntryFields>;
export type LockContent = z.output<typeof content>;
/** An entry that came from a registry. */
export type RemoteLockEntry = LockEntry & {
  readonly source: z.output<typeof registrySource>;
  readonly manifest: LockContent;
  readonly config: LockContent;
};
/** An entry that is a directory of the workspace. */
export type LocalLockEntry = LockEntry & { readonly source: z.output<typeof pathSource> };
export type LockEdge = z.output<typeof edge>;

export function isRemoteEntry(entry: LockEntry): entry is RemoteLockEntry {
  return 'repository' in entry.source;
}

export function isLocalEntry(entry: LockEntry): entry is LocalLockEntry {
  return 'path' in entry.source;
}

/** What the content of an entry is known by: the digest of its manifest, or of its tree. */
export function contentDigestOf(entry: LockEntry): Digest {
  return isRemoteEntry(entry) ? entry.manifest.digest : (entry as LocalLockEntry).source.tree;
}

/** What an extension is called in its workspace: the alias, where it was given one. */
export function entryLabel({ alias, name }: Pick<LockEntry, 'alias' | 'name'>): string {
  return alias ?? name;
}

/** The bytes of a lock: sorted, one block an extension, the same for the same lock. */
export function formatLock(lock: Lock): string {
  const extensions = [...lock.extensions]
    .sort((a, b) => compare(sortKey(a), sortKey(b)))
    .map(({ layers, ...entry }) => ({
      ...entry,
      ...(isRemoteEntry(entry as LockEntry) && { layers }),
      dependencies: [...entry.dependencies].sort((a, b) => compare(a.name, b.name)),
      requiredBy: [...entry.requiredBy].sort(compare),
    }));
  const { lockVersion, inputs, policy, capabilities } = lock;
  const text = writeBlockYaml({
    lockVersion,
    inputs: sorted(inputs),
    policy: sorted(policy),
    capabilities: sorted(capabilities),
    extensions: extensions.map(({ kind, name, version, ...rest }) => ({
      kind,
      name,
      version,
      ...(sorted(rest) as object),
    })),
  });
  return `# Written by prov. Commit this file; do not edit it by hand.\n${text}`;
}

function sortKey({ kind, name, version, alias }: LockEntry): string {
  return `${kind}/${name}/${version}${alias === undefined ? '' : `\0${alias}`}`;
}

/** With the members of every object in the order of their keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(fields).sort(compare)) out[key] = sorted(fields[key]);
  return out;
}

/** @throws SCHEMAS_LOCK_INVALID, SCHEMAS_NEEDS_NEWER_PROV, BASE_LIMIT_EXCEEDED */
export function parseLock(text: string, path: string): Lock {
  assertWithin(text.length, LIMITS.textFileBytes, path);
  if (/^(?:<{7}|={7}|>{7})/m.test(text))
    throw new ProvError('SCHEMAS_LOCK_INVALID', {
      path,
      reason: 'it holds conflict markers of a merge',
      hint: 'prov lock merge puts both sides together and checks the result.',
    });
  let value: unknown;
  try {
    value = readBlockYaml(text) ?? parseYaml(text, path).value;
  } catch (error) {
    throw new ProvError('SCHEMAS_LOCK_INVALID', { path, reason: (error as Error).message }, { cause: error });
  }
  const version = (value as { lockVersion?: unknown } | null)?.lockVersion;
  if (typeof version === 'number' && version > 1)
    throw new ProvError('SCHEMAS_NEEDS_NEWER_PROV', {
      path,
      needs: `for lock version ${version}`,
      version: 'which reads lock version 1',
    });
  const result = safeParseJson(lockSchema, value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new ProvError('SCHEMAS_LOCK_INVALID', {
      path,
      reason: `${issue.path.join('.') || 'file'}: ${reasonOf(issue)}`,
    });
  }
  return result.data;
}

/** Digest of normalised requirements: comments, order and spelling of the file do not change it. */
export function inputsDigest(requirements: unknown): Digest {
  return digestOf(canonicalJson(requirements));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
