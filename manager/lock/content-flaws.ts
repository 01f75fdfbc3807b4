import { canonicalJson, type JsonValue, ProvError } from '#base';
import { type ConfigBlob, contentDigestOf, type LockEntry, type RemoteLockEntry } from '#schemas';
import type { Verdict } from '#trust';
import type { WholeManifest } from '../trust/whole-manifest.js';
import { type ContentBlock, contentBlock } from './content-block.js';

/** Something that a lock says of an extension, and what its content says. */
export interface ContentFlaw {
  readonly what: string;
  readonly locked: string;
  readonly actual: string;
}

/** What was read of a locked extension, by the digests that the lock names. */
export interface LockedContent {
  readonly manifest: WholeManifest;
  readonly config: ConfigBlob;
  /** What the trust policy says of it, where it was asked. */
  readonly verdict?: Verdict | undefined;
  /** Whose word the times of publication in the lock are. Default: that of the signers. */
  readonly ageSource?: 'registry' | undefined;
}

/**
 * Everything that the block of an extension says otherwise than the manifest and the config that it names: who edits
 * the lock cannot edit those. Its dependencies are judged with the rest of the lock, by `assertSound`.
 */
export function contentFlaws(
  entry: RemoteLockEntry,
  { manifest, config, verdict, ageSource }: LockedContent,
): ContentFlaw[] {
  const actual = contentBlock(entry.manifest, manifest);
  const provides = Object.entries(config.provides ?? {}).map(
    ([name, { version }]) => [name, version] as const,
  );
  const signers = (verdict?.signers ?? []).map(({ identity }) => identity);
  const claims: [string, string, string][] = [
    ['name', entry.name, config.name],
    ['kind', entry.kind, config.type],
    ['version', entry.version, config.version],
    ['config', layerText(entry.config), layerText(actual.config)],
    ['layers', listText(entry.layers), listText(actual.layers)],
    ['platforms', listText(entry.children), listText(actual.children)],
    ['vendored', text(entry.vendored), text(actual.vendored)],
    ['provides', text(sorted(Object.entries(entry.provides ?? {}))), text(sorted(provides))],
  ];
  const flaws = claims
    .filter(([, locked, said]) => locked !== said)
    .map(([what, locked, said]) => ({ what, locked, actual: said }));
  const { signer, publishedAt } = entry;
  if (verdict !== undefined && signer !== undefined && !signers.includes(signer.identity))
    flaws.push({ what: 'signer', locked: signer.identity, actual: text(signers) });
  const signedTime = ageSource !== 'registry' && verdict !== undefined && publishedAt !== undefined;
  if (signedTime && publishedAt !== verdict.publishedAt)
    flaws.push({ what: 'publishedAt', locked: publishedAt, actual: verdict.publishedAt ?? 'nothing signed' });
  return flaws;
}

/** @throws MANAGER_LOCK_EDITED naming every flaw of one entry, unless there is none. */
export function assertUnedited(entry: LockEntry, flaws: readonly ContentFlaw[]): void {
  if (flaws.length === 0) return;
  const { kind, name, version } = entry;
  const list = flaws.map(({ what, locked, actual }) => `  ${what}: the lock says ${locked}; it is ${actual}`);
  throw new ProvError('MANAGER_LOCK_EDITED', {
    module: `${kind} ${name} ${version}`,
    digest: contentDigestOf(entry),
    list: list.join('\n'),
    flaws,
  });
}

type Layer = ContentBlock['layers'][number];

function layerText({ mediaType, digest, size, tar, asset, platform }: Layer): string {
  const more = [
    `${size} bytes`,
    mediaType,
    ...(tar === undefined ? [] : [`tar ${tar}`]),
    ...(asset === undefined ? [] : [`asset ${asset}`]),
    ...(platform === undefined ? [] : [platform]),
  ];
  return `${digest} (${more.join(', ')})`;
}

function listText(layers: readonly Layer[] | undefined): string {
  return layers?.map(layerText).join(', ') || 'none';
}

function sorted(pairs: readonly (readonly [string, string])[]): string[] {
  return pairs.map((pair) => canonicalJson(pair as unknown as JsonValue)).sort();
}

function text(values: readonly string[] | undefined): string {
  return values?.join(', ') || 'none';
}
