import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProvError, registerSecret } from '#base';
import { SCRIPT_CONTRACT, type ScriptEvent, type ScriptTarget } from '#schemas';
import type { ProcessIdentity } from '../event-log/events.js';
import type { DeploymentModule } from '../plan/deployment-input.js';
import type { Interpreters } from './interpreter.js';
import { runScript, type ScriptOutcome } from './run-script.js';
import { scriptEnvironment } from './script-environment.js';

export interface ScriptHostOptions {
  readonly logDir: string;
  /** Name of the deployment, for the script's request. */
  readonly workflow: string;
  readonly interpreters?: Interpreters | undefined;
  readonly commands?: { readonly node?: readonly string[]; readonly prov?: readonly string[] } | undefined;
  readonly graceMs?: number | undefined;
  readonly beforeScript?: ((module: DeploymentModule) => Promise<void>) | undefined;
}

export interface Invocation {
  readonly module: DeploymentModule;
  readonly op: string;
  /** Path inside the extension. */
  readonly script: string;
  readonly task: string;
  readonly attempt: number;
  readonly key: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly target: ScriptTarget;
  readonly outputs?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /** What the script starts is meant to stay: no sweep after a success, no marker. */
  readonly keepProcesses?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onSpawn?: (identity: ProcessIdentity) => Promise<void>;
  readonly onEvent?: (event: ScriptEvent) => void;
}

/** Runs scripts of extensions with the request, environment and log that the contract asks for. */
export class ScriptHost {
  readonly #options: ScriptHostOptions;

  constructor(options: ScriptHostOptions) {
    this.#options = options;
  }

  /** @throws what `beforeScript` throws, RUNTIME_ENV_MISSING, RUNTIME_SCRIPT_MISSING, RUNTIME_INTERPRETER_* */
  async invoke(call: Invocation): Promise<ScriptOutcome> {
    const { module } = call;
    call.signal?.throwIfAborted();
    await this.#options.beforeScript?.(module);
    registerConfigSecrets(module, call.config);
    const marker = call.keepProcesses ? undefined : call.key;
    const env = scriptEnvironment({
      extension: `${module.kind} ${module.name}`,
      required: module.manifest.configuration?.required_env,
      marker,
    });
    const { node = [process.execPath], prov } = this.#options.commands ?? {};
    return runScript({
      script: join(module.dir, call.script),
      request: {
        contract: SCRIPT_CONTRACT,
        op: call.op,
        dry_run: false,
        workflow: this.#options.workflow,
        task: call.task,
        attempt: call.attempt,
        idempotency_key: call.key,
        deadline_ms: call.timeoutMs,
        extension: { kind: module.kind, name: module.name, version: module.version, dir: module.dir },
        target: { ...call.target, node, ...(prov === undefined ? {} : { prov }) },
        config: call.config,
        assets: module.assets,
        outputs: call.outputs ?? {},
        ...(call.input === undefined ? {} : { input: call.input }),
      },
      env,
      logFile: this.#logFile(call),
      timeoutMs: call.timeoutMs,
      graceMs: this.#options.graceMs,
      interpreters: {
        ...this.#options.interpreters,
        nu: this.#options.interpreters?.nu ?? nuOf(call.target),
      },
      marker,
      keepProcesses: call.keepProcesses,
      signal: call.signal,
      onSpawn: call.onSpawn,
      onEvent: call.onEvent,
    });
  }

  #logFile(call: Invocation): string {
    const folder = call.task.replace(/[^A-Za-z0-9._-]/g, '_');
    return join(this.#options.logDir, folder, `${call.attempt}-${call.op}.ndjson`);
  }
}

/** The Nushell that was installed on the target, if there is one. */
function nuOf({ prefix }: ScriptTarget): string | undefined {
  const path = prefix === undefined ? undefined : join(prefix, 'bin', 'nu');
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** From now on the values that the manifest calls secret are masked. Names are dotted paths. */
function registerConfigSecrets(module: DeploymentModule, config: Readonly<Record<string, unknown>>): void {
  for (const name of module.manifest.configuration?.secrets ?? []) {
    const value = name
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], config);
    if (typeof value === 'string') registerSecret(value);
  }
}

/** The script of an extension for `op`. @throws RUNTIME_PROVIDER_UNABLE when a provider has none */
export function operationScript(module: DeploymentModule, op: string): string {
  const script = module.manifest.operations?.[op];
  if (script === undefined) throw new ProvError('RUNTIME_PROVIDER_UNABLE', { provider: module.name, op });
  return script;
}
