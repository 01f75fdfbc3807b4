import { join } from 'node:path';
import { provHome } from '#base';

/** What every use case is told of its surroundings. Plain data; nothing global is read below the CLI. */
export interface ManagerContext {
  readonly provVersion: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  /** Progress and facts, as events that a machine can read. */
  readonly onEvent?: ((event: ManagerEvent) => void) | undefined;
  readonly transport?: TransportOptions | undefined;
}

export interface ManagerEvent {
  readonly event: string;
  readonly message?: string;
  readonly [key: string]: unknown;
}

/** How registries are spoken to; the defaults are TLS everywhere but on loopback. */
export interface TransportOptions {
  readonly plainHttp?: boolean;
  readonly insecure?: boolean;
  readonly caFile?: string;
}

export function contentCacheDir(context: ManagerContext): string {
  return join(provHome(context.env), 'oci-cache');
}
