import * as z from 'zod';

export const SCRIPT_CONTRACT = 1;

const port = z.int().min(0).max(65535);

/** A long-running process that a provider keeps alive on a server. */
export const serviceDefinitionSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()).optional(),
  cwd: z.string().optional(),
  /** User to run as when the supervisor is root; ignored otherwise. */
  user: z.string().optional(),
  /** Signal that asks it to stop. Default SIGTERM. */
  stop_signal: z.string().optional(),
  /** Seconds to wait after the stop signal before SIGKILL. Default 10. */
  stop_seconds: z.number().positive().optional(),
  ports: z.record(z.string(), port).optional(),
});
export type ServiceDefinition = z.output<typeof serviceDefinitionSchema>;

/** One JSON document on the stdin of a script. @see docs/spec/scripts.md */
export interface ScriptRequest {
  readonly contract: 1;
  /** install, check, configure, uninstall, health, rollback, or a provider's operation. */
  readonly op: string;
  readonly dry_run: boolean;
  readonly workflow: string;
  readonly task: string;
  readonly attempt: number;
  /** The same for every attempt of a task. */
  readonly idempotency_key: string;
  /** Milliseconds this call may take. */
  readonly deadline_ms: number;
  readonly extension: {
    readonly kind: string;
    readonly name: string;
    readonly version: string;
    readonly dir: string;
  };
  readonly target: ScriptTarget;
  /** Defaults < workspace < infra, merged. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Declared assets of this platform by name: verified local files. */
  readonly assets: Readonly<
    Record<string, { readonly path: string; readonly sha256: string; readonly size: number }>
  >;
  /** Outputs of the tasks that this one depends on, by extension name. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Arguments of a provider's operation. */
  readonly input?: Readonly<Record<string, unknown>>;
}

export interface ScriptTarget {
  readonly provider: string;
  readonly server: string;
  /** The server's own directory; absent for `create` and `list`. */
  readonly dir?: string;
  /** Where software is installed: `bin/`, `lib/`, `etc/`, `var/`, … */
  readonly prefix?: string;
  /** Ports reserved for this extension, by the NAME of its `listen:NAME` permissions. */
  readonly ports?: Readonly<Record<string, number>>;
  /** User that unprivileged services run as, when the target runs as root. */
  readonly service_user?: string;
  /** Command line that starts Node on the target. */
  readonly node?: readonly string[];
  /** Command line that starts prov on the target. */
  readonly prov?: readonly string[];
}

/** One line of a script's stdout; other lines count as log text. */
export const scriptEventSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('progress'),
    message: z.string(),
    percent: z.number().min(0).max(100).optional(),
  }),
  z.looseObject({ type: z.literal('log'), message: z.string(), level: z.string().optional() }),
  z.looseObject({ type: z.literal('output'), name: z.string(), value: z.unknown() }),
  z.looseObject({
    type: z.literal('result'),
    /** For `check`: done, absent or unknown. For `health`: healthy or unhealthy. */
    status: z.string().optional(),
    changed: z.boolean().optional(),
    message: z.string().optional(),
    outputs: z.record(z.string(), z.unknown()).optional(),
    services: z.array(serviceDefinitionSchema).optional(),
  }),
]);
export type ScriptEvent = z.output<typeof scriptEventSchema>;

/** Exit codes of scripts; anything else is an ordinary failure. */
export const SCRIPT_EXIT = {
  ok: 0,
  transient: 10,
  throttled: 11,
  authentication: 12,
  invalid: 13,
  conflict: 14,
  quota: 15,
  temporary: 75,
  cancelled: 130,
} as const;
