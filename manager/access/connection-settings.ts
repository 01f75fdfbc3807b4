import {
  type CredentialSource,
  defaultCredentials,
  hasEnvironmentCredentials,
  type RemoteRegistryOptions,
} from '#oci';
import type { NetworkSettings } from '#workspace';
import type { ManagerContext, TransportOptions } from '../context.js';
import { fileRealmPins } from './realm-pins.js';

/** What a configuration says about connections. */
export interface ConnectionSettings extends NetworkSettings {
  /** The default registry that the user configured, where that matters: a workspace does not say whose secrets go where. */
  readonly userRegistry?: string | undefined;
}

const read = new WeakMap<ManagerContext, Promise<ConnectionSettings>>();

/**
 * What the configuration says about connections: that of the workspace around `configFrom`, or of system and
 * user alone. Read once for a context.
 * @throws SCHEMAS_*, WORKSPACE_* for what is wrong in a file
 */
export function connectionSettings(context: ManagerContext): Promise<ConnectionSettings> {
  const known = read.get(context);
  if (known) return known;
  const settings = readSettings(context);
  read.set(context, settings);
  return settings;
}

async function readSettings({ env, cwd, configFrom, signal }: ManagerContext): Promise<ConnectionSettings> {
  const { findWorkspace, openWorkspace, readNetworkSettings, readUserRegistry, readUserSettings } =
    await import('#workspace');
  const root = await findWorkspace(configFrom ?? cwd);
  const config =
    root === undefined
      ? await readUserSettings({ env, signal })
      : (await openWorkspace(root, { env, signal })).config;
  const settings = readNetworkSettings(config);
  if (!hasEnvironmentCredentials(env)) return settings;
  return { ...settings, userRegistry: (await readUserRegistry({ env, signal })).host };
}

/**
 * Why a host is spoken to: a registry that the command is about, a mirror, or a host that an extension names.
 * Only the first gets the headers and the client certificate of the command line.
 */
export type HostRole = 'registry' | 'mirror' | 'foreign';

export interface HostSettings {
  readonly settings: ConnectionSettings;
  readonly flags: TransportOptions;
  readonly role: HostRole;
  readonly env: NodeJS.ProcessEnv;
}

type HostOptions = Omit<RemoteRegistryOptions, 'registry'>;

/** The options of a client for one host: flags before configuration, what is about this host before the rest. */
export function hostOptions(registry: string, { settings, flags, role, env }: HostSettings): HostOptions {
  const host = registry.toLowerCase();
  const own = role === 'registry' ? flags : {};
  const limits = settings.registries.get(host);
  const timeoutMs = flags.timeoutMs ?? (limits?.timeoutMs ?? settings.timeoutMs)?.value;
  const maxWaitMs = flags.maxWaitMs ?? (limits?.maxWaitMs ?? settings.maxWaitMs)?.value;
  const retries = (limits?.retries ?? settings.retries)?.value;
  const caFile = settings.caFiles.get(host)?.value;
  return {
    plainHttp: own.plainHttp ?? (settings.plainHttp.has(host) ? true : undefined),
    insecure: own.insecure ?? !settings.tlsVerify.value,
    caFiles: [...(caFile === undefined ? [] : [caFile]), ...(flags.caFiles ?? [])],
    clientCert: own.clientCert ?? settings.clientCerts.get(host)?.value,
    headers: own.headers,
    resolve: addresses(settings, flags),
    concurrency: flags.concurrency ?? (limits?.concurrency ?? settings.concurrency)?.value,
    timeouts:
      role === 'mirror' ? MIRROR_TIMEOUTS : timeoutMs === undefined ? undefined : timeoutsOf(timeoutMs),
    retry: {
      // The next mirror is the second try.
      ...(role === 'mirror' ? { attempts: 1 } : retries === undefined ? {} : { attempts: retries + 1 }),
      ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
    },
    trustedRealms: own.trustedRealms,
    onlyRealm: settings.realmPins.get(host)?.value,
    realmPins: fileRealmPins(env),
    credentials: credentialsFor(host, { settings, flags, role, env }),
    env: environmentOf(settings, env),
  };
}

/** Where credentials for a host are looked for. */
export function credentialsFor(host: string, { settings, flags, role, env }: HostSettings): CredentialSource {
  const helper = settings.credentialHelpers.get(host);
  const tokenFile = settings.tokenFiles.get(host);
  const named = role === 'registry' ? [flags.namedRegistry, settings.userRegistry] : [];
  return defaultCredentials(env, {
    helper: helper && { name: helper.value, place: helper.place },
    tokenFile: tokenFile && { ...tokenFile.value, place: tokenFile.place },
    environmentHosts: named.filter((each) => each !== undefined),
  });
}

/** There is somebody else to ask: nobody is waited for long. */
const MIRROR_TIMEOUTS = { connectMs: 1500, answerMs: 10_000, stallMs: 10_000 };
const CONNECT_MS = 10_000;
const STALL_MS = 30_000;

/** One limit for people: a connection and a silence inside a body never need longer than the defaults. */
function timeoutsOf(timeoutMs: number) {
  return {
    connectMs: Math.min(CONNECT_MS, timeoutMs),
    answerMs: timeoutMs,
    stallMs: Math.min(STALL_MS, timeoutMs),
  };
}

function addresses(settings: NetworkSettings, flags: TransportOptions): ReadonlyMap<string, string> {
  return new Map([
    ...[...settings.resolve].map(([name, { value }]) => [name, value] as const),
    ...(flags.resolve ?? []),
  ]);
}

/** The environment, with the configured proxies where it names none. */
export function environmentOf({ proxy }: NetworkSettings, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (proxy === undefined) return env;
  const { https, http, noProxy } = proxy.value;
  const missing = Object.entries({ https_proxy: https, http_proxy: http, no_proxy: noProxy }).filter(
    ([name, value]) => value !== undefined && !env[name] && !env[name.toUpperCase()],
  );
  return missing.length === 0 ? env : { ...env, ...Object.fromEntries(missing) };
}
