import { homedir } from 'node:os';
import { join } from 'node:path';
import { log, provHome } from '#base';
import { authFileCredentials } from './auth-file.js';
import { type CredentialSource, chainCredentials } from './credential-source.js';
import { environmentCredentials, unusedEnvironment } from './environment-credentials.js';
import { helperCredentials } from './helper-credentials.js';
import { type NamedTokenFile, namedTokenFileCredentials, tokenFileCredentials } from './token-files.js';

export interface DefaultCredentialsOptions {
  /** A helper that the configuration names for this registry, and where. */
  readonly helper?: { readonly name: string; readonly place: string } | undefined;
  /** A file with the token for this registry that the configuration names, and where. */
  readonly tokenFile?: NamedTokenFile | undefined;
  /** Hosts that credentials of the environment are for when it names none itself. Default: none. */
  readonly environmentHosts?: readonly string[] | undefined;
}

/**
 * Where credentials are looked for when nothing else is said, first to last: the environment, the helper and the token
 * file of the configuration, our own token files, then `REGISTRY_AUTH_FILE` alone when it is set, else podman's
 * runtime file, podman's user file and docker's configuration.
 * @see containers-auth.json(5)
 */
export function defaultCredentials(
  env: NodeJS.ProcessEnv = process.env,
  { helper, tokenFile, environmentHosts }: DefaultCredentialsOptions = {},
): CredentialSource {
  const ofEnvironment = { hosts: environmentHosts };
  const chain = chainCredentials(
    environmentCredentials(env, ofEnvironment),
    ...(helper === undefined ? [] : [helperCredentials(helper.name, helper.place, env)]),
    ...(tokenFile === undefined ? [] : [namedTokenFileCredentials(tokenFile)]),
    tokenFileCredentials(tokenDirectory(env)),
    ...authFilePaths(env).map((path) => authFileCredentials(path, env)),
  );
  return {
    ...chain,
    async find(query, options) {
      const found = await chain.find(query, options);
      if (found === undefined) hint(unusedEnvironment(env, query.registry, ofEnvironment));
      return found;
    },
  };
}

const hinted = new Set<string>();

/** Said once: whoever set the variables expects them to be used. */
function hint(text: string | undefined): void {
  if (text === undefined || hinted.has(text)) return;
  hinted.add(text);
  log.warn(text);
}

/** Where token files are: `tokens` below the home of prov. */
export function tokenDirectory(env: NodeJS.ProcessEnv): string {
  if (!env['PROVISIONING_HOME'] && env['HOME']) return join(env['HOME'], '.provisioning', 'tokens');
  return join(provHome(env), 'tokens');
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
    dockerConfigPath(env),
  ];
}

/** The file that a login writes: that of `REGISTRY_AUTH_FILE`, else docker's. */
export function writtenAuthFile(env: NodeJS.ProcessEnv): string {
  return env['REGISTRY_AUTH_FILE'] || dockerConfigPath(env);
}

function dockerConfigPath(env: NodeJS.ProcessEnv): string {
  return join(env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker'), 'config.json');
}
