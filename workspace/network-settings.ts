import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  type ConfigBranch,
  type ConfigNode,
  type ConfigOrigin,
  formatOrigin,
  lookup,
  toValue,
} from './config-node.js';
import { SINGLE_SHAPES, TRUSTED_LAYERS } from './registries.js';

/** A setting with its place, for messages. */
export interface PlacedSetting<T> {
  readonly value: T;
  /** `file:line:column`, the name of a variable, or the layer. */
  readonly place: string;
}

/** Limits of requests, global or of one registry. */
export interface NetworkLimits {
  readonly timeoutMs?: PlacedSetting<number> | undefined;
  readonly retries?: PlacedSetting<number> | undefined;
  readonly concurrency?: PlacedSetting<number> | undefined;
  readonly maxWaitMs?: PlacedSetting<number> | undefined;
}

export interface MirrorSetting {
  readonly prefix: string;
  readonly location: string;
  readonly tags: 'upstream' | 'mirror';
}

type ByHost<T> = ReadonlyMap<string, PlacedSetting<T>>;

/** What a configuration says about connections; plain data, hosts in lower case, files absolute. */
export interface NetworkSettings extends NetworkLimits {
  readonly tlsVerify: PlacedSetting<boolean>;
  readonly plainHttp: ByHost<true>;
  readonly caFiles: ByHost<string>;
  readonly clientCerts: ByHost<{ readonly certFile: string; readonly keyFile: string }>;
  readonly resolve: ByHost<string>;
  readonly proxy:
    | PlacedSetting<{
        readonly https?: string | undefined;
        readonly http?: string | undefined;
        readonly noProxy?: string | undefined;
      }>
    | undefined;
  readonly credentialHelpers: ByHost<string>;
  /** Files with a token, from the older shapes of a registry; `trusted` unless a workspace says so. */
  readonly tokenFiles: ByHost<{ readonly path: string; readonly trusted: boolean }>;
  readonly realmPins: ByHost<string>;
  readonly mirrors: readonly PlacedSetting<MirrorSetting>[];
  /** Limits of single registries. */
  readonly registries: ReadonlyMap<string, NetworkLimits>;
}

/** Reads what a merged configuration says about connections. */
export function readNetworkSettings(config: ConfigBranch): NetworkSettings {
  const registries = registryBranches(config);
  return {
    ...limits(lookup(config, ['network'])),
    tlsVerify: setting<boolean>(config, ['security', 'tls_verify'])!,
    plainHttp: new Map(
      listed(config, ['security', 'plain_http']).map(({ value, place }) => [
        value.toLowerCase(),
        { value: true as const, place },
      ]),
    ),
    caFiles: byHost(config, 'ca_files', (value, origin) => absolute(String(value), origin)),
    clientCerts: byHost(config, 'client_certs', (value, origin) => {
      const { cert, key } = value as { cert: string; key: string };
      return { certFile: absolute(cert, origin), keyFile: absolute(key, origin) };
    }),
    resolve: byHost(config, 'resolve', String),
    proxy: proxyOf(lookup(config, ['security', 'proxy'])),
    credentialHelpers: byHost(config, 'credential_helpers', String),
    tokenFiles: tokenFiles(config),
    realmPins: byHost(config, 'realm_pins', (value) => String(value).toLowerCase()),
    mirrors: [...mirrorRules(config), ...registries.flatMap(({ host, node }) => ownMirrors(host, node))],
    registries: new Map(registries.map(({ host, node }) => [host, limits(lookup(node, ['network']))])),
  };
}

function setting<T>(node: ConfigNode | undefined, path: readonly string[]): PlacedSetting<T> | undefined {
  const found = node === undefined ? undefined : lookup(node, path);
  return found && { value: toValue(found) as T, place: formatOrigin(found.origin) };
}

function limits(node: ConfigNode | undefined): NetworkLimits {
  const milliseconds = (key: string) => {
    const found = setting<number>(node, [key]);
    return found && { ...found, value: found.value * 1000 };
  };
  return {
    timeoutMs: milliseconds('timeout_seconds'),
    retries: setting<number>(node, ['retries']),
    concurrency: setting<number>(node, ['concurrency']),
    maxWaitMs: milliseconds('max_wait_seconds'),
  };
}

function listed(config: ConfigBranch, path: readonly string[]): PlacedSetting<string>[] {
  const node = lookup(config, path);
  if (node?.type !== 'leaf' || !Array.isArray(node.value)) return [];
  return node.value.map((value, index) => ({
    value: String(value),
    place: formatOrigin(node.items?.[index] ?? node.origin),
  }));
}

function byHost<T>(
  config: ConfigBranch,
  key: string,
  read: (value: unknown, origin: ConfigOrigin) => T,
): ByHost<T> {
  const node = lookup(config, ['security', key]);
  if (node?.type !== 'branch') return new Map();
  return new Map(
    [...node.entries].map(([host, each]) => [
      host.toLowerCase(),
      { value: read(toValue(each), firstOrigin(each)), place: formatOrigin(each.origin) },
    ]),
  );
}

/** Of an object, the place of its first value: the object itself may be joined from several files. */
function firstOrigin(node: ConfigNode): ConfigOrigin {
  return node.type === 'leaf' ? node.origin : ([...node.entries.values()][0]?.origin ?? node.origin);
}

/** Relative paths are below the file that names them. */
function absolute(path: string, origin: ConfigOrigin): string {
  if (path.startsWith('~/')) return join(homedir(), path.slice(2));
  const inFile = origin.line !== undefined && origin.file !== undefined;
  return inFile ? resolve(dirname(origin.file!), path) : resolve(path);
}

function tokenFiles(config: ConfigBranch): NetworkSettings['tokenFiles'] {
  const shapes = SINGLE_SHAPES.flatMap((path) => lookup(config, [...path, 'oci']) ?? []);
  return new Map(
    shapes.flatMap((node) => {
      const host = hostOf(setting<string>(node, ['endpoint']) ?? setting<string>(node, ['registry']));
      const file = lookup(node, ['auth_token_path']);
      if (host === undefined || file?.type !== 'leaf') return [];
      const value = {
        path: absolute(String(file.value), file.origin),
        trusted: TRUSTED_LAYERS.has(file.origin.layer),
      };
      return [[host, { value, place: formatOrigin(file.origin) }] as const];
    }),
  );
}

function hostOf(url: PlacedSetting<string> | undefined): string | undefined {
  return /^(?:[a-z]+:\/\/)?([^/?#@\s]+)/.exec(url?.value ?? '')?.[1]?.toLowerCase();
}

function proxyOf(node: ConfigNode | undefined): NetworkSettings['proxy'] {
  if (node === undefined) return undefined;
  const { https, http, no_proxy } = toValue(node) as {
    https?: string;
    http?: string;
    no_proxy?: readonly string[];
  };
  return { value: { https, http, noProxy: no_proxy?.join(',') }, place: formatOrigin(firstOrigin(node)) };
}

function mirrorRules(config: ConfigBranch): PlacedSetting<MirrorSetting>[] {
  const node = lookup(config, ['mirrors']);
  if (node?.type !== 'leaf' || !Array.isArray(node.value)) return [];
  return (node.value as readonly { prefix: string; location: string; tags?: 'upstream' | 'mirror' }[]).map(
    ({ prefix, location, tags = 'upstream' }, index) => ({
      value: { prefix, location, tags },
      place: formatOrigin(node.items?.[index] ?? node.origin),
    }),
  );
}

function ownMirrors(host: string, node: ConfigBranch): PlacedSetting<MirrorSetting>[] {
  return listed(node, ['mirrors']).map(({ value, place }) => ({
    value: { prefix: host, location: value, tags: 'upstream' },
    place,
  }));
}

function registryBranches(config: ConfigBranch): { host: string; node: ConfigBranch }[] {
  const node = lookup(config, ['registries']);
  if (node?.type !== 'branch') return [];
  return [...node.entries.values()].flatMap((each) => {
    const host = hostOf(setting<string>(each, ['url']));
    return host === undefined || each.type !== 'branch' ? [] : [{ host, node: each }];
  });
}
