import { existsSync } from 'node:fs';
import { authoritySources, type Considered, describeCredential, explainProxy, isPlainHttp } from '#oci';
import type { NetworkSettings, PlacedSetting } from '#workspace';
import type { ManagerContext } from '../context.js';
import { connectionSettings, credentialsFor, environmentOf, hostOptions } from './connection-settings.js';
import { mirrorsFor } from './mirrors.js';
import { fileRealmPins } from './realm-pins.js';

export interface AccessExplanation {
  readonly registry: string;
  readonly repository?: string | undefined;
  /** What would be sent after a challenge; null when nothing is known and requests stay anonymous. */
  readonly credential: {
    readonly from: string;
    readonly form: string;
    readonly username?: string | undefined;
  } | null;
  readonly considered: readonly Considered[];
  readonly protocol: { readonly name: 'https' | 'http'; readonly reason: string };
  readonly proxy: { readonly host: string; readonly from: string } | null;
  readonly noProxy?: string | undefined;
  readonly tls: {
    readonly verify: boolean;
    readonly reason: string;
    readonly authorities: readonly string[];
    readonly clientCertificate?: string | undefined;
  };
  readonly resolve?: string | undefined;
  readonly mirrors: readonly { readonly location: string; readonly tags: boolean; readonly from: string }[];
  readonly realm: { readonly pinned?: string | undefined; readonly configured?: string | undefined };
}

/**
 * Says, without asking the registry, how it would be spoken to: which credentials win and why others do not,
 * which proxy, certificates, mirrors and realm apply. Never a secret. Helpers are asked.
 */
export async function explainAccess(
  { registry, repository }: { readonly registry: string; readonly repository?: string | undefined },
  context: ManagerContext,
): Promise<AccessExplanation> {
  const settings = await connectionSettings(context);
  const { env, transport: flags = {} } = context;
  const options = hostOptions(registry, { settings, flags, role: 'registry', env });
  const host = registry.toLowerCase();
  const credentials = credentialsFor(host, { settings, flags, role: 'registry', env });
  const { found, considered } = await credentials.explain!({ registry, repository }, context);
  const plain = isPlainHttp(registry, options.plainHttp);
  const proxied = explainProxy(registry, plain, environmentOf(settings, env));
  const certificate = options.clientCert?.certFile;
  return {
    registry,
    ...(repository === undefined ? {} : { repository }),
    credential:
      found === undefined
        ? null
        : {
            from: found.source,
            form: describeCredential({ ...found.credential, username: undefined }),
            username: found.credential.username,
          },
    considered,
    protocol: { name: plain ? 'http' : 'https', reason: protocolReason(host, { settings, plain, options }) },
    proxy:
      proxied.proxy === undefined ? null : { host: proxied.proxy, from: proxyPlace(proxied.from, settings) },
    ...(proxied.excluded === undefined ? {} : { noProxy: proxied.excluded }),
    tls: {
      verify: options.insecure !== true,
      reason: flags.insecure === true ? '--insecure' : settings.tlsVerify.place,
      authorities: [...authoritySources(env), ...(options.caFiles ?? []).map(present)],
      ...(certificate === undefined ? {} : { clientCertificate: certificate }),
    },
    ...addressOf(options.resolve, registry, plain),
    mirrors: mirrorsFor(registry, repository, settings, flags).map(({ location, tags, place }) => ({
      location,
      tags,
      from: place,
    })),
    realm: {
      ...pinned(fileRealmPins(env).get(registry)),
      ...configured(settings.realmPins.get(host)),
    },
  };
}

function protocolReason(
  host: string,
  {
    settings,
    plain,
    options,
  }: { settings: NetworkSettings; plain: boolean; options: { plainHttp?: boolean | undefined } },
): string {
  if (!plain) return 'the default';
  const listed = settings.plainHttp.get(host);
  if (listed !== undefined) return listed.place;
  return options.plainHttp === true ? '--plain-http' : 'loopback';
}

function proxyPlace(from: string | undefined, { proxy }: NetworkSettings): string {
  const configuredHere = proxy !== undefined && from !== undefined && /^https?_proxy$/.test(from);
  return configuredHere && process.env[from] === undefined ? proxy.place : (from ?? '');
}

function present(file: string): string {
  return existsSync(file) ? file : `${file} (missing)`;
}

function addressOf(resolve: ReadonlyMap<string, string> | undefined, registry: string, plain: boolean) {
  const name = /:\d+$/.test(registry) ? registry : `${registry}:${plain ? 80 : 443}`;
  const address = resolve?.get(name.toLowerCase());
  return address === undefined ? {} : { resolve: `${name} → ${address}` };
}

function pinned(realm: string | undefined) {
  return realm === undefined ? {} : { pinned: realm };
}

function configured(pin: PlacedSetting<string> | undefined) {
  return pin === undefined ? {} : { configured: `${pin.value} (${pin.place})` };
}
