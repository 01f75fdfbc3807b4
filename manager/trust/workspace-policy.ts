import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '#base';
import type { Mode } from '#schemas';
import { effectivePolicy, parseTrustPolicy, type TrustPolicy } from '#trust';
import { configValue, type Workspace } from '#workspace';

export interface WorkspacePolicy {
  readonly policy: TrustPolicy;
  /**
   * Of everything that can change a verdict, the keys in files of their own and what the mode enforces
   * included; absent where nothing is enforced.
   */
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
  const policy = effectivePolicy(trustMode(workspace), layers);
  const enforces = policy.layers.some(({ rules }) => rules.some(({ mode }) => mode === 'enforce'));
  return files.length > 0 || enforces ? { policy, digest: policy.digest } : { policy };
}

/** `security.trust_default: deny` of any layer holds whatever the mode of the workspace says. */
function trustMode({ mode, config }: Workspace): Mode {
  const denies = configValue(config, 'security.trust_default')?.value === 'deny';
  return denies && mode !== 'enterprise' ? 'cicd' : mode;
}

async function readOptional(path: string): Promise<{ text: string; path: string } | undefined> {
  try {
    return { text: await readFile(path, 'utf8'), path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
