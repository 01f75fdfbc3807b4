import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, ProvError } from '#base';
import { type Descriptor, imageIndexSchema, MEDIA, parseWire } from '#schemas';
import { describeBytes, encodeIndex } from '../manifest-codec.js';
import { referrersTag } from '../referrers-tag.js';
import type { FetchedManifest, RemoteManifests } from './remote-manifests.js';

/** Tries to change a list that others change too; the pauses between them grow to a second. */
const TRIES = 64;
const MAX_PAUSE_MS = 1000;

/** Entries of a list of referrers, or why it is none. */
export function readReferrersList(
  manifest: FetchedManifest,
  subject: Digest,
): readonly Descriptor[] | string {
  if (manifest.descriptor.digest === subject) return 'it is the subject itself';
  if (manifest.descriptor.mediaType !== MEDIA.ociIndex) return `it is a ${manifest.descriptor.mediaType}`;
  try {
    const value: unknown = JSON.parse(Buffer.from(manifest.bytes).toString('utf8'));
    return parseWire(imageIndexSchema, value, 'the list of referrers').manifests;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface ReferrersEdit {
  readonly manifests: RemoteManifests;
  readonly label: string;
  readonly subject: Digest;
  /** Longest pause between two tries. Default 1000. */
  readonly maxPauseMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const editing = new Map<string, Promise<void>>();

/** Adds a referrer to the tag list of its subject, keeping what others add at the same time. */
export function addReferrer(edit: ReferrersEdit, entry: Descriptor): Promise<void> {
  return change(edit, (list) =>
    list.some(({ digest }) => digest === entry.digest) ? list : [...list, entry],
  );
}

/** Takes a referrer out of the tag list of its subject. */
export function removeReferrer(edit: ReferrersEdit, digest: Digest): Promise<void> {
  return change(edit, (list) =>
    list.some((each) => each.digest === digest) ? list.filter((each) => each.digest !== digest) : list,
  );
}

type Change = (list: readonly Descriptor[]) => readonly Descriptor[];

/** One change at a time per subject in this process; between processes by ETag, or by reading again. */
async function change(edit: ReferrersEdit, apply: Change): Promise<void> {
  const key = `${edit.label}@${edit.subject}`;
  const before = editing.get(key) ?? Promise.resolve();
  const own = before.catch(() => undefined).then(() => changeNow(edit, apply));
  editing.set(key, own);
  try {
    await own;
  } finally {
    if (editing.get(key) === own) editing.delete(key);
  }
}

async function changeNow(edit: ReferrersEdit, apply: Change): Promise<void> {
  const { manifests, subject, signal, label, maxPauseMs = MAX_PAUSE_MS } = edit;
  const tag = referrersTag(subject);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0)
      await sleep(Math.random() * Math.min(maxPauseMs, 20 * 2 ** attempt), undefined, { signal });
    const current = await manifests.find(tag, { signal, allow: 'push' });
    const list = listOf(edit, tag, current);
    const next = apply(list);
    // After a PUT this is the reading back: what we wanted is there, so nobody overwrote it.
    if (next === list) return;
    const condition: Record<string, string> = {};
    if (current === undefined) condition['if-none-match'] = '*';
    else if (current.etag !== undefined) condition['if-match'] = current.etag;
    await manifests.putIf(tag, indexOf(next), { condition, signal });
  }
  throw new ProvError('OCI_REFERRERS_CONFLICT', { digest: subject, where: label });
}

function listOf(
  edit: ReferrersEdit,
  tag: string,
  current: FetchedManifest | undefined,
): readonly Descriptor[] {
  if (current === undefined || current.descriptor.digest === edit.subject) return [];
  const list = readReferrersList(current, edit.subject);
  if (typeof list !== 'string') return list;
  throw new ProvError('OCI_REFERRERS_TAG_FOREIGN', { tag, where: edit.label, reason: list });
}

function indexOf(list: readonly Descriptor[]): FetchedManifest {
  const bytes = encodeIndex({ schemaVersion: 2, manifests: list });
  return { bytes, descriptor: describeBytes(bytes, MEDIA.ociIndex) };
}
