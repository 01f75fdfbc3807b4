import { ProvError, registerSecret } from '#base';
import { MARKER_VARIABLE } from './kill-tree.js';

const ALLOWED: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TMPDIR',
  'TZ',
  'USER',
  'LOGNAME',
  'SystemRoot',
]);
const PREFIX = 'PROVISIONING_';
const SECRET = /PASS|SECRET|TOKEN|KEY|CREDENTIAL|AUTH/i;

export interface ScriptEnvironmentOptions {
  readonly extension: string;
  /** `configuration.required_env` of the manifest: passed on, and errors when unset. */
  readonly required?: readonly string[] | undefined;
  readonly marker?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * The environment of a script: a short allow-list, `PROVISIONING_*` unless the name speaks of a secret,
 * and what the manifest requires (registered for masking when its name speaks of a secret).
 * @throws RUNTIME_ENV_MISSING
 */
export function scriptEnvironment(options: ScriptEnvironmentOptions): Readonly<Record<string, string>> {
  const env = options.env ?? process.env;
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (ALLOWED.has(name) || (name.startsWith(PREFIX) && !SECRET.test(name))) result[name] = value;
  }
  for (const name of options.required ?? []) {
    const value = env[name];
    if (value === undefined)
      throw new ProvError('RUNTIME_ENV_MISSING', { extension: options.extension, name });
    if (SECRET.test(name)) registerSecret(value);
    result[name] = value;
  }
  if (options.marker !== undefined) result[MARKER_VARIABLE] = options.marker;
  return result;
}
