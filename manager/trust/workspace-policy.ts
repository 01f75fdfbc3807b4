import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestOf } from '#base';
import { effectivePolicy, parseTrustPolicy, type TrustPolicy } from '#trust';
import type { Workspace } from '#workspace';

export interface WorkspacePolicy {
  readonly policy: TrustPolicy;
  /** Digest of the files that made it; absent when there is none and the mode's default holds. */
  readonly digest?: Digest;
}

/**
 * The trust policy of a workspace: `config/trust-policy.yaml`, tightened by an infra's, or the default of
 * the workspace's mode when there is no file.
 */
export async function workspacePolicy(workspace: Workspace, infra?: string): Promise<WorkspacePolicy> {
  const paths = [
    join(workspace.root, 'config', 'trust-policy.yaml'),
    ...(infra === undefined ? [] : [join(workspace.root, 'infra', infra, 'trust-policy.yaml')]),
  ];
  const files = (await Promise.all(paths.map(readOptional))).filter((file) => file !== undefined);
  const layers = await Promise.all(files.map(({ text, path }) => parseTrustPolicy(text, path)));
  const policy = effectivePolicy(workspace.mode, layers);
  return files.length === 0
    ? { policy }
    : { policy, digest: digestOf(files.map(({ text }) => text).join('\n')) };
}

async function readOptional(path: string): Promise<{ text: string; path: string } | undefined> {
  try {
    return { text: await readFile(path, 'utf8'), path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
