import * as z from 'zod';
import type { ServiceDefinition } from '#schemas';
import type { ProcessIdentity } from '../event-log/events.js';

/** Where scripts of one server run and what they install into; the outputs of `create`. */
export const targetSchema = z.looseObject({
  dir: z.string().min(1),
  prefix: z.string().min(1),
  service_user: z.string().optional(),
  /** Host under which services of the server are reached from here. Absent: 127.0.0.1. */
  address: z.string().optional(),
});
export type Target = z.output<typeof targetSchema>;

/** A service as its supervisor sees it. */
export const serviceStateSchema = z.looseObject({
  name: z.string(),
  /** `running`, `stopped`, `failed`, or a word of the provider. */
  state: z.string(),
  pid: z.number().nullish(),
  restarts: z.number().nullish(),
  since: z.string().nullish(),
  message: z.string().nullish(),
});
export type ServiceState = z.output<typeof serviceStateSchema>;

export interface ServerState {
  readonly exists: boolean;
  readonly services: readonly ServiceState[];
}

/** A command to run on a server. */
export interface ExecCommand {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly stdin?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

export const execResultSchema = z.looseObject({ code: z.number(), stdout: z.string(), stderr: z.string() });
export type ExecResult = z.output<typeof execResultSchema>;

export const serverListSchema = z.looseObject({ servers: z.array(z.looseObject({ name: z.string() })) });

/** How a call is recorded and stopped. */
export interface ProviderCall {
  readonly task: string;
  readonly attempt?: number;
  readonly key?: string;
  readonly signal?: AbortSignal | undefined;
  readonly onSpawn?: (identity: ProcessIdentity) => Promise<void>;
}

/**
 * Makes servers and keeps services alive on them. Every operation may be called again with the same
 * arguments: a server is found by its name, a port by its name on the server.
 */
export interface Provider {
  readonly name: string;
  /** Makes the server or adopts the one of that name. */
  create(server: string, call: ProviderCall): Promise<Target>;
  delete(server: string, call: ProviderCall): Promise<void>;
  state(server: string, call: ProviderCall): Promise<ServerState>;
  /** Names of the servers that the provider has, whoever made them. */
  list(call: ProviderCall): Promise<readonly string[]>;
  /** Runs a command on the server to its end; a code other than 0 is a result, not an error. */
  exec(server: string, command: ExecCommand, call: ProviderCall): Promise<ExecResult>;
  /** The same port on every call with the same name. */
  allocatePort(
    port: { server: string; name: string; preferred?: number | undefined },
    call: ProviderCall,
  ): Promise<number>;
  /** Starts the services; they outlive this process. */
  start(
    server: string,
    services: readonly ServiceDefinition[],
    call: ProviderCall,
  ): Promise<readonly ServiceState[]>;
  /** Stops the named services and resolves when none of their processes is left; without names all. */
  stop(server: string, services: readonly string[] | undefined, call: ProviderCall): Promise<void>;
}
