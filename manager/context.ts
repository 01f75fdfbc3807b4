import { join } from 'node:path';
import { provHome } from '#base';
import type { Rehearsal } from '#oci';
import type { Registries } from './access/registries.js';

/** What every use case is told of its surroundings. Plain data; nothing global is read below the CLI. */
export interface ManagerContext {
  readonly provVersion: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  /** Progress and facts, as events that a machine can read. */
  readonly onEvent?: ((event: ManagerEvent) => void) | undefined;
  readonly transport?: TransportOptions | undefined;
  /** Registries are asked and not changed; what would be sent is noted here. */
  readonly rehearsal?: Rehearsal | undefined;
  /** Connections of whoever runs this as one of many; its own otherwise. */
  readonly registries?: Registries | undefined;
  /** Directory in (or below) the workspace whose configuration counts for connections. Default: `cwd`. */
  readonly configFrom?: string | undefined;
  /** No socket is opened: everything comes from what this machine has kept. */
  readonly offline?: boolean | undefined;
}

export interface ManagerEvent {
  readonly event: string;
  readonly message?: string;
  readonly [key: string]: unknown;
}

/**
 * How the command line wants registries spoken to; it wins over the configuration. The defaults are TLS
 * everywhere but on loopback. Client certificate and headers go to the registries a command is about, not
 * to mirrors and not to hosts that an extension names.
 */
export interface TransportOptions {
  /** `host[:port]` of the registry that the user named for the whole command. */
  readonly namedRegistry?: string | undefined;
  readonly plainHttp?: boolean;
  readonly insecure?: boolean;
  /** PEM files, absolute. */
  readonly caFiles?: readonly string[];
  readonly clientCert?: { readonly certFile: string; readonly keyFile: string };
  /** `host:port` → address. */
  readonly resolve?: ReadonlyMap<string, string>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly maxWaitMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly trustedRealms?: readonly string[];
  readonly mirrors?: readonly MirrorRule[];
  /** Mirrors may say what a tag means; otherwise only the registry itself does. */
  readonly mirrorTags?: boolean;
}

/** Content below `prefix` (default: the registry asked) may be read from `location`, which replaces the prefix. */
export interface MirrorRule {
  /** `host[:port][/path]` */
  readonly prefix?: string | undefined;
  /** `host[:port][/path]` */
  readonly location: string;
}

/** Answers of registries, kept for conditional requests and for work without a network. */
export function metadataCacheDir(context: ManagerContext): string {
  return join(provHome(context.env), 'metadata-cache');
}

export function contentCacheDir(context: ManagerContext): string {
  return join(provHome(context.env), 'oci-cache');
}
