import { ProvError, registerSecret } from '#base';
import {
  type Credential,
  type CredentialQuery,
  type CredentialSource,
  storeCredential,
  writtenAuthFile,
} from '#oci';
import type { ManagerContext } from '../context.js';
import { connectionSettings, credentialsFor } from './connection-settings.js';
import { withRegistries } from './registries.js';

export interface LoginOptions {
  /** `host[:port]` */
  readonly registry: string;
  /** Only for repositories below this path. */
  readonly path?: string | undefined;
  readonly credential: Credential;
}

export interface LoginResult {
  readonly registry: string;
  /** The key in the file. */
  readonly key: string;
  readonly username?: string | undefined;
  /** Requests that the registry answered well with these credentials; empty when it asked for none. */
  readonly checked: readonly string[];
  readonly file: string;
  /** The helper that keeps the secret; without one it stands in the file. */
  readonly helper?: string | undefined;
  readonly warnings: readonly string[];
}

/**
 * Signs in: the registry is asked with the credentials first, and they are stored only when it takes them or
 * wants none. They go to the helper that docker's file names, else into the file itself.
 * @throws OCI_AUTH_REJECTED, OCI_REMOTE_*, and OCI_AUTH_FILE_INVALID, OCI_AUTH_HELPER_FAILED: nothing is stored then
 */
export async function login(options: LoginOptions, context: ManagerContext): Promise<LoginResult> {
  const { registry, path, credential } = options;
  assertPath(registry, path);
  for (const secret of [credential.password, credential.identityToken])
    if (secret !== undefined) registerSecret(secret);
  const checked = await check(options, context);
  const { env, signal } = context;
  const file = writtenAuthFile(env);
  const wanted = path === undefined ? registry : `${registry}/${path}`;
  const stored = await storeCredential(file, wanted, { credential, env, signal });
  return {
    registry,
    key: stored.key,
    username: credential.username,
    checked,
    file,
    ...(stored.helper === undefined ? {} : { helper: stored.helper }),
    warnings: await warningsFor(options, { checked, context, file, helper: stored.helper }),
  };
}

/** @see OCI distribution-spec 1.1, "Pulling manifests" */
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

function assertPath(registry: string, path: string | undefined): void {
  if (path === undefined || PATH.test(path)) return;
  const reason = 'after the registry comes a path of lower-case names joined by /';
  throw new ProvError('SCHEMAS_REFERENCE_INVALID', { value: `${registry}/${path}`, reason });
}

/** What the registry was asked, signed in. It may ask for no credentials at all: then nothing is known of them. */
async function check(
  { registry, path, credential }: LoginOptions,
  context: ManagerContext,
): Promise<string[]> {
  return withRegistries(context, async (registries) => {
    let asked = false;
    const credentials: CredentialSource = {
      async find() {
        asked = true;
        return { credential, source: 'this sign-in' };
      },
    };
    const client = registries.open(registry, { credentials });
    await client.ping(context.signal);
    const checked = asked ? [`${registry}/v2/`] : [];
    if (path === undefined) return checked;
    asked = false;
    await client.repository(path).list({ signal: context.signal });
    return asked ? [...checked, `${registry}/v2/${path}/tags/list`] : checked;
  });
}

interface Stored {
  readonly checked: readonly string[];
  readonly context: ManagerContext;
  readonly file: string;
  readonly helper: string | undefined;
}

async function warningsFor(
  { registry, path, credential }: LoginOptions,
  { checked, context, file, helper }: Stored,
): Promise<string[]> {
  const warnings: string[] = [];
  if (checked.length === 0)
    warnings.push(`${registry} asked for no credentials, so whether they are right is not known`);
  if (helper === undefined)
    warnings.push(`${file} holds them in plain text; with a credential helper ("credsStore") it would not`);
  const query: CredentialQuery = { registry, repository: path };
  const settings = await connectionSettings(context);
  const { env, transport: flags = {} } = context;
  const credentials = credentialsFor(registry.toLowerCase(), { settings, flags, role: 'registry', env });
  const found = await credentials.find(query, context);
  const won = found?.credential;
  const same = won?.password === credential.password && won?.identityToken === credential.identityToken;
  if (found !== undefined && !same)
    warnings.push(`${found.source} comes first and will be used instead; prov auth explain shows the order`);
  return warnings;
}
