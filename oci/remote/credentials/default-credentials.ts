import { homedir } from 'node:os';
import { join } from 'node:path';
import { authFileCredentials } from './auth-file.js';
import { type CredentialSource, chainCredentials } from './credential-source.js';
import { environmentCredentials } from './environment-credentials.js';

/**
 * Where credentials are looked for when nothing else is said: the environment, then `REGISTRY_AUTH_FILE`
 * alone when it is set, else podman's runtime file, podman's user file and docker's configuration.
 * @see containers-auth.json(5)
 */
export function defaultCredentials(env: NodeJS.ProcessEnv = process.env): CredentialSource {
  const files = authFilePaths(env).map((path) => authFileCredentials(path, env));
  return chainCredentials(environmentCredentials(env), ...files);
}

/** The files of the chain, in order, whether they exist or not. */
export function authFilePaths(env: NodeJS.ProcessEnv): readonly string[] {
  const only = env['REGISTRY_AUTH_FILE'];
  if (only) return [only];
  const home = env['HOME'] || homedir();
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ...(runtime ? [join(runtime, 'containers', 'auth.json')] : []),
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers', 'auth.json'),
    join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
  ];
}
