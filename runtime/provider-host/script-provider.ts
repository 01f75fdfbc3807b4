import * as z from 'zod';
import { ProvError, Turns } from '#base';
import type { ScriptOutcome } from '../executor/run-script.js';
import { operationScript, type ScriptHost } from '../executor/script-host.js';
import type { DeploymentModule } from '../plan/deployment-input.js';
import {
  execResultSchema,
  type Provider,
  type ProviderCall,
  serverListSchema,
  serviceStateSchema,
  targetSchema,
} from './provider.js';

const stateSchema = z.looseObject({ exists: z.boolean(), services: z.array(serviceStateSchema).default([]) });
const portSchema = z.looseObject({ port: z.int().min(1).max(65535) });
const startedSchema = z.looseObject({ services: z.array(serviceStateSchema).default([]) });

export interface ScriptProviderOptions {
  readonly module: DeploymentModule;
  readonly scripts: ScriptHost;
  readonly timeoutMs: number;
}

/**
 * A provider whose operations are scripts of an extension. Changing operations on one server take turns;
 * so do all reservations of ports, which servers of one machine share.
 */
export function createScriptProvider(options: ScriptProviderOptions): Provider {
  const { module } = options;
  const turns = new Turns<string>();
  const ask = async <T extends z.ZodType>(
    op: string,
    input: { server: string } & Record<string, unknown>,
    call: ProviderCall,
    schema: T,
  ): Promise<z.output<T>> => {
    const outcome = await run(options, op, input, call);
    if (!outcome.ok) throw providerError(module.name, op, { server: input.server, outcome });
    const parsed = schema.safeParse(outcome.result.outputs);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    const reason = `outputs.${issue.path.join('.')}: ${issue.message}`;
    throw new ProvError('RUNTIME_SCRIPT_OUTPUT_INVALID', {
      op,
      extension: `provider ${module.name}`,
      reason,
    });
  };
  const inTurn = <T>(server: string, action: () => Promise<T>) => turns.take(`server ${server}`, action);
  return {
    name: module.name,
    create: (server, call) => inTurn(server, () => ask('create', { server }, call, targetSchema)),
    delete: (server, call) =>
      inTurn(server, async () => void (await ask('delete', { server }, call, z.unknown()))),
    state: (server, call) => ask('state', { server }, call, stateSchema),
    list: async (call) =>
      (await ask('list', { server: '' }, call, serverListSchema)).servers.map(({ name }) => name),
    exec: (server, { timeoutMs, ...command }, call) =>
      ask(
        'exec',
        { server, ...command, ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }) },
        call,
        execResultSchema,
      ),
    allocatePort: ({ server, name, preferred }, call) =>
      turns.take('ports', () =>
        inTurn(server, async () => {
          const input = { server, name, ...(preferred === undefined ? {} : { preferred }) };
          return (await ask('allocate_port', input, call, portSchema)).port;
        }),
      ),
    start: (server, services, call) =>
      inTurn(server, async () => (await ask('start', { server, services }, call, startedSchema)).services),
    stop: (server, services, call) =>
      inTurn(server, async () => {
        await ask('stop', { server, ...(services === undefined ? {} : { services }) }, call, z.unknown());
      }),
  };
}

async function run(
  options: ScriptProviderOptions,
  op: string,
  input: { server: string } & Record<string, unknown>,
  call: ProviderCall,
): Promise<ScriptOutcome> {
  const { module, scripts, timeoutMs } = options;
  return scripts.invoke({
    module,
    op,
    script: operationScript(module, op),
    task: call.task,
    attempt: call.attempt ?? 1,
    key: call.key ?? `${call.task}/${op}`,
    config: module.config,
    target: { provider: module.name, server: input.server },
    input,
    timeoutMs,
    keepProcesses: true,
    signal: call.signal,
    ...(call.onSpawn === undefined ? {} : { onSpawn: call.onSpawn }),
  });
}

function providerError(
  provider: string,
  op: string,
  parts: { server: string; outcome: ScriptOutcome },
): ProvError {
  const { class: failure = 'failed', message, logFile, result } = parts.outcome;
  if (failure === 'cancelled') return new ProvError('RUNTIME_CANCELLED', { provider, op });
  const { retryAfterMs } = result;
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  const details = {
    provider,
    op,
    server: parts.server,
    class: failure,
    reason: message,
    log: logFile,
    ...retry,
  };
  return new ProvError('RUNTIME_PROVIDER_FAILED', details);
}
