import { isProvError } from '#base';
import { packageId } from '#resolver';
import { isRemoteEntry, type Lock, type RemoteLockEntry } from '#schemas';
import type { Workspace } from '#workspace';
import type { ManagerContext } from '../context.js';
import type { RegistrySource } from '../metadata/registry-source.js';
import { firstRegistryId } from './first-registry-id.js';
import { ageLimitNow } from './minimum-age.js';
import { metadataSource } from './resolution-options.js';
import type { WorkspaceRegistries } from './workspace-registries.js';

export interface AgesRequest {
  readonly workspace: Workspace;
  readonly registries: WorkspaceRegistries;
}

/** Whether the word of the registries counts for a minimum age. */
export function agesAreTold({ resolution }: Workspace): boolean {
  return resolution.min_age !== undefined && resolution.age_source === 'registry';
}

/**
 * What is locked and too young for the minimum age by the word of the registries (`age_source: registry`), asked for
 * anew, since nobody signed what the lock says of it. One request a registry of ours; offline, what they said before.
 */
export async function toldAgeDifferences(
  lock: Lock,
  { workspace, registries }: AgesRequest,
  context: ManagerContext,
): Promise<string[]> {
  const { min_age: minAge, min_age_exempt: exempt = [] } = workspace.resolution;
  if (minAge === undefined || !agesAreTold(workspace)) return [];
  const free = new Set(exempt.map((name) => firstRegistryId(workspace, name)));
  const entries = lock.extensions.filter(isRemoteEntry).filter((entry) => !free.has(idOf(entry)));
  const limit = ageLimitNow(minAge, context.env);
  const metadata = metadataSource(workspace, registries, context);
  const { signal } = context;
  await metadata.closure(
    entries.map((entry) => ({ id: placeOf(entry), range: `=${entry.version}` })),
    { signal },
  );
  const out: string[] = [];
  for (const entry of entries) {
    const told = await toldTime(entry, metadata, signal);
    if (told !== undefined && Date.parse(told) <= Date.parse(limit)) continue;
    const when =
      told === undefined ? 'at a time that no registry tells' : `${told}, says ${entry.source.registry}`;
    out.push(
      `${entry.name} ${entry.version} was published ${when}; the minimum age of ${minAge} allows what is older than ${limit}`,
    );
  }
  return out;
}

async function toldTime(
  entry: RemoteLockEntry,
  metadata: RegistrySource,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const known = await metadata.versions(placeOf(entry), { signal });
    for (const each of known?.versions ?? [])
      if (typeof each !== 'string' && each.version === entry.version) return each.publishedAt;
    return undefined;
  } catch (error) {
    if (isProvError(error, 'MANAGER_OFFLINE_UNKNOWN')) return undefined;
    throw error;
  }
}

function placeOf({ source }: RemoteLockEntry) {
  return packageId(source.registry, source.repository);
}

function idOf({ source, alias }: RemoteLockEntry) {
  return packageId(source.registry, source.repository, alias);
}
