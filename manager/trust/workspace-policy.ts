import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, ProvError, provHome } from '#base';
import type { Mode } from '#schemas';
import { effectivePolicy, parseTrustPolicy, type TrustPolicy } from '#trust';
import {
  configValue,
  DEFAULT_MODE,
  MODE_RULES,
  normaliseMode,
  readUserSettings,
  SYSTEM_CONFIG_DIR,
  type Workspace,
} from '#workspace';

const FILE = 'trust-policy.yaml';

export interface WorkspacePolicy {
  readonly policy: TrustPolicy;
  /**
   * Of everything that can change a verdict, the keys in files of their own and what the mode enforces
   * included; absent where nothing is enforced.
   */
  readonly digest?: Digest;
  /** Whether the machine or the user has a policy of its own, which no lock was checked against. */
  readonly demanding: boolean;
}

export interface PolicyPlace {
  readonly env: NodeJS.ProcessEnv;
  readonly infra?: string | undefined;
}

/**
 * The trust policy of a workspace: `config/trust-policy.yaml`, tightened by an infra's, or the default of
 * the workspace's mode when there is no file. What the machine and the user demand holds on top of it.
 */
export async function workspacePolicy(workspace: Workspace, place: PolicyPlace): Promise<WorkspacePolicy> {
  const { infra } = place;
  const outer = await userLayers(place.env);
  const layers = await readLayers([
    join(workspace.root, 'config', FILE),
    ...(infra === undefined ? [] : [join(workspace.root, 'infra', infra, FILE)]),
  ]);
  const mode = trustMode(workspace);
  const own = effectivePolicy(mode, layers);
  const enforces = own.layers.some(({ rules }) => rules.some((rule) => rule.mode === 'enforce'));
  return {
    policy: outer.length === 0 ? own : effectivePolicy(mode, [...outer, ...layers]),
    demanding: outer.length > 0,
    ...(layers.length > 0 || enforces ? { digest: own.digest } : {}),
  };
}

/**
 * What the machine and the user demand of everything outside of a workspace: their policies, and what their mode (or
 * `PROVISIONING_MODE`) asks for where there is none. Undefined when neither asks for anything.
 */
export async function userPolicy(env: NodeJS.ProcessEnv): Promise<TrustPolicy | undefined> {
  const layers = await userLayers(env);
  const config = await readUserSettings({ env });
  const mode = normaliseMode(configValue(config, 'mode')?.value as string | undefined) ?? DEFAULT_MODE;
  const strict = unsignedDenial({ mode, config }) !== undefined;
  if (layers.length === 0 && !strict) return undefined;
  return effectivePolicy(mode === 'enterprise' ? mode : 'cicd', layers);
}

function userLayers(env: NodeJS.ProcessEnv): Promise<readonly TrustPolicy[]> {
  return readLayers([join(SYSTEM_CONFIG_DIR, FILE), join(provHome(env), FILE)]);
}

async function readLayers(paths: readonly string[]): Promise<readonly TrustPolicy[]> {
  const files = (await Promise.all(paths.map(readOptional))).filter((file) => file !== undefined);
  return Promise.all(files.map(({ text, path }) => parseTrustPolicy(text, path)));
}

/** Why what nobody can have signed, a directory say, is refused in a workspace; undefined where it is not. */
export function unsignedDenial({ mode, config }: Pick<Workspace, 'mode' | 'config'>): string | undefined {
  if (MODE_RULES[mode].trustDefault === 'deny') return `mode ${mode}`;
  return denies(config) ? 'security.trust_default: deny' : undefined;
}

/** `security.trust_default: deny` of any layer holds whatever the mode of the workspace says. */
function trustMode({ mode, config }: Workspace): Mode {
  return denies(config) && mode !== 'enterprise' ? 'cicd' : mode;
}

function denies(config: Workspace['config']): boolean {
  return configValue(config, 'security.trust_default')?.value === 'deny';
}

async function readOptional(path: string): Promise<{ text: string; path: string } | undefined> {
  try {
    return { text: await readFile(path, 'utf8'), path };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    // Rules that are there and cannot be read are not "no rules".
    throw new ProvError('BASE_FILE_UNREADABLE', { path, reason: code }, { cause: error });
  }
}
