import type { ManagerContext } from '../context.js';
import { contentCacheDir } from '../context.js';
import { type AccessExplanation, explainAccess } from './explain-access.js';
import { withRegistries } from './registries.js';

export interface DescribeClientOptions {
  readonly registry: string;
  readonly namespace: string;
  /** Ask the registry whether it answers. */
  readonly check?: boolean | undefined;
}

/** The settings of the registry client as they are in effect; keys as in the source documents. */
export interface ClientDescription {
  /** What talks to registries: prov itself, no other program. */
  readonly tool: 'native';
  readonly registry: string;
  readonly namespace: { readonly extensions: string };
  readonly cache_dir: string;
  readonly tls_enabled: boolean;
  readonly tls_verify: boolean;
  /** Where the credentials come from; null when requests are anonymous. Never a secret. */
  readonly auth: AccessExplanation['credential'];
  readonly proxy: AccessExplanation['proxy'];
  readonly mirrors: AccessExplanation['mirrors'];
  /** Only when asked for: the registry answered, signed in if it wants that. */
  readonly reachable?: boolean;
}

/**
 * Says which registry client is in effect and, with `check`, that its registry answers.
 * @throws with `check`, what keeps the registry from answering: OCI_REMOTE_*, OCI_AUTH_*
 */
export async function describeClient(
  { registry, namespace, check = false }: DescribeClientOptions,
  context: ManagerContext,
): Promise<ClientDescription> {
  const { credential, protocol, tls, proxy, mirrors } = await explainAccess({ registry }, context);
  if (check) await withRegistries(context, (registries) => registries.open(registry).ping(context.signal));
  return {
    tool: 'native',
    registry,
    namespace: { extensions: namespace },
    cache_dir: contentCacheDir(context),
    tls_enabled: protocol.name === 'https',
    tls_verify: tls.verify,
    auth: credential,
    proxy,
    mirrors,
    ...(check ? { reachable: true } : {}),
  };
}
