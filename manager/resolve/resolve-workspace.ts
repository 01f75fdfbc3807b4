import { relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ProvError } from '#base';
import {
  explainFailure,
  type PackageId,
  type PlanChange,
  planDiff,
  resolve,
  type Solution,
  solutionToLock,
} from '#resolver';
import { inputsDigest, type Lock } from '#schemas';
import type { Workspace } from '#workspace';
import { withRegistries } from '../access/registries.js';
import type { ManagerContext } from '../context.js';
import { installLock } from '../install/install-lock.js';
import { type WorkspacePolicy, workspacePolicy } from '../trust/workspace-policy.js';
import { readLock, writeLock } from './lock-file.js';
import { readContent } from './read-content.js';
import { resolutionOptions } from './resolution-options.js';
import { createWorkspaceRegistries, type WorkspaceRegistries } from './workspace-registries.js';

export interface ResolveWorkspaceOptions {
  readonly workspace: Workspace;
  /** Fail unless the lock fits the requirements as it is. */
  readonly locked?: boolean | undefined;
  /** Prefer newer versions to the locked ones. */
  readonly update?: boolean | undefined;
  readonly install?: boolean | undefined;
  readonly allowLocal?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface ResolveWorkspaceResult {
  readonly lockFile: string;
  readonly lock: Lock;
  /** False when the lock was current and nothing was solved. */
  readonly resolved: boolean;
  readonly lockChanged: boolean;
  readonly changes: readonly PlanChange[];
  /** Extensions that were fetched and unpacked by this call. */
  readonly installed: readonly string[];
  readonly requests: Readonly<Record<string, number>>;
}

/**
 * Chooses versions for everything a workspace asks for, locks them, and installs them after checking the
 * signatures. A lock that still fits is kept as it is. On any failure the old lock and the old installs stay.
 * @throws MANAGER_UNRESOLVABLE, MANAGER_LOCK_STALE, MANAGER_LOCK_LOOPBACK, TRUST_REFUSED
 */
export async function resolveWorkspace(
  options: ResolveWorkspaceOptions,
  context: ManagerContext,
): Promise<ResolveWorkspaceResult> {
  const { workspace } = options;
  const policy = await workspacePolicy(workspace, { env: context.env });
  const before = await readLock(workspace.lockFile);
  const stale = before === undefined ? 'there is none' : staleReason(before, workspace, policy);
  if (options.locked && stale !== undefined) throw new ProvError('MANAGER_LOCK_STALE', { reason: stale });
  return withRegistries(context, async (connections) => {
    const registries = createWorkspaceRegistries(workspace, connections);
    const resolved = before === undefined || stale !== undefined || options.update === true;
    const lock = resolved ? await solve({ options, before, policy, registries, context }) : before;
    const changes = planDiff(before, lock);
    if (options.dryRun)
      return {
        lockFile: workspace.lockFile,
        lock,
        resolved,
        lockChanged: changes.length > 0,
        changes,
        installed: [],
        requests: { ...connections.requests },
      };
    const installed =
      options.install === false
        ? []
        : await installLock(
            {
              workspace,
              lock,
              policy: policy.policy,
              registries,
              reverify: options.locked === true || policy.demanding,
            },
            context,
          );
    const lockChanged = resolved ? await writeLock(workspace.lockFile, lock) : false;
    return {
      lockFile: workspace.lockFile,
      lock,
      resolved,
      lockChanged,
      changes,
      installed,
      requests: { ...connections.requests },
    };
  });
}

/** Why a lock does not fit its workspace any more, or undefined when it does. */
export function staleReason(lock: Lock, workspace: Workspace, policy: WorkspacePolicy): string | undefined {
  if (!isDeepStrictEqual(lock.inputs, lockInputs(workspace)))
    return 'the requirements changed since it was written';
  const { strategy, prerelease, platforms } = lock.policy;
  const wanted = workspace.resolution;
  if (strategy !== wanted.strategy)
    return `it was made with the strategy ${strategy}, not ${wanted.strategy}`;
  if (prerelease !== wanted.prerelease)
    return `it was made with prerelease: ${prerelease}, not ${wanted.prerelease}`;
  if (wanted.platforms && !isDeepStrictEqual([...platforms].sort(), [...wanted.platforms].sort()))
    return 'the platforms changed since it was written';
  if (lock.policy.trustPolicy !== policy.digest) return 'the trust policy changed since it was written';
  return undefined;
}

/** A digest of the normalised requirements per file that holds some. Neither ports nor comments are in it. */
export function lockInputs(workspace: Workspace): Lock['inputs'] {
  const bySource = new Map<string, unknown[]>();
  for (const { origin, kind, name, range, registry, repository, path } of workspace.requirements) {
    const source = origin.file === undefined ? origin.layer : relative(workspace.root, origin.file);
    bySource.set(source, [
      ...(bySource.get(source) ?? []),
      { kind, name, range, registry, repository, path },
    ]);
  }
  const overrides = workspace.resolution.overrides;
  const inputs = [...bySource].map(([source, requirements]) => [source, inputsDigest(requirements)] as const);
  return Object.fromEntries([
    ...inputs,
    ...(overrides === undefined ? [] : [['overrides', inputsDigest(overrides)] as const]),
  ]);
}

interface Solving {
  readonly options: ResolveWorkspaceOptions;
  readonly before: Lock | undefined;
  readonly policy: WorkspacePolicy;
  readonly registries: WorkspaceRegistries;
  readonly context: ManagerContext;
}

async function solve({ options, before, policy, registries, context }: Solving): Promise<Lock> {
  const { workspace } = options;
  const { onEvent } = context;
  onEvent?.({ event: 'resolving', message: `resolving ${workspace.requirements.length} requirements` });
  const keep = options.update === true ? undefined : before;
  const result = await resolve(resolutionOptions({ workspace, registries, keep }, context));
  if (!result.ok) {
    throw new ProvError('MANAGER_UNRESOLVABLE', {
      explanation: explainFailure(result.failure),
      suggestion: 'Change one of the requirements named above, or publish a version that fits.',
    });
  }
  return toLock(result.solution, { options, before, policy, registries, context });
}

async function toLock(solution: Solution, { options, policy, registries, context }: Solving): Promise<Lock> {
  const contents = new Map<PackageId, Awaited<ReturnType<typeof readContent>>>();
  for (const solved of solution.packages) {
    const registry = registries.get(solved.registry);
    if (registry.loopback && !registry.named && options.allowLocal !== true)
      throw new ProvError('MANAGER_LOCK_LOOPBACK', { registry: registry.host });
    const repository = registries.repository(solved.id);
    const content = await readContent({ solved, repository, policy: policy.policy }, context);
    contents.set(solved.id, registry.loopback ? content : { ...content, host: registry.host });
  }
  return solutionToLock(solution, contents, {
    inputs: lockInputs(options.workspace),
    ...(policy.digest === undefined ? {} : { trustPolicy: policy.digest }),
  });
}
