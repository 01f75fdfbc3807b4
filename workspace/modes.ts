import type { Mode } from '#schemas';
import type { ConfigBranch, ConfigNode } from './config-node.js';
import { toNode } from './config-node.js';

/** What a mode changes. */
export interface ModeRules {
  /** Whether a lock may hold local paths and loopback registries without an id when it is used as is. */
  readonly localSources: boolean;
  /** What happens to artifacts when there is no trust policy. */
  readonly trustDefault: 'allow' | 'warn' | 'deny';
  /** Whether prov may ask questions on a terminal. */
  readonly interactive: boolean;
}

export const MODE_RULES: Readonly<Record<Mode, ModeRules>> = {
  solo: { localSources: true, trustDefault: 'warn', interactive: true },
  'multi-user': { localSources: true, trustDefault: 'warn', interactive: true },
  cicd: { localSources: false, trustDefault: 'deny', interactive: false },
  enterprise: { localSources: false, trustDefault: 'deny', interactive: true },
};

export const DEFAULT_MODE: Mode = 'solo';

/** The mode as we write it: `multiuser` is an older spelling. */
export function normaliseMode(mode: string | undefined): Mode | undefined {
  return mode === 'multiuser' ? 'multi-user' : (mode as Mode | undefined);
}

/** Names that `{{env.X}}` may read unless the user says otherwise: nothing in them is a secret. */
export const DEFAULT_ENVIRONMENT_ALLOW = [
  'HOME',
  'USER',
  'LOGNAME',
  'HOSTNAME',
  'LANG',
  'TZ',
  'CI',
  'PROVISIONING_ENV',
] as const;

/**
 * The lowest layer. The trust default is the strictest of all modes that any layer asks for, so that a
 * workspace that says `solo` does not weaken a user who says `enterprise`.
 */
export function builtInLayer(modes: readonly Mode[]): ConfigBranch {
  const strict = modes.some((mode) => MODE_RULES[mode].trustDefault === 'deny');
  const values = {
    mode: DEFAULT_MODE,
    resolution: { strategy: 'latest', prerelease: 'if-named' },
    security: {
      tls_verify: true,
      plain_http: [],
      environment_allow: [...DEFAULT_ENVIRONMENT_ALLOW],
      trust_default: strict ? 'deny' : 'warn',
    },
    network: { timeout_seconds: 60, retries: 4, concurrency: 16, max_wait_seconds: 300 },
  };
  const node: ConfigNode = toNode(values, () => ({ layer: 'built-in' }));
  return node as ConfigBranch;
}
