import { type Digest, ProvError } from '#base';
import type { DeploymentInput } from '../plan/deployment-input.js';
import { planDeployment } from '../plan/plan-deployment.js';
import { planRemoval } from '../plan/plan-removal.js';
import { type RunOptions, type RunResult, runPlan } from './run-plan.js';
import type { Runtime } from './runtime.js';

export interface DeployOptions extends RunOptions {
  /** Digest of the plan that was looked at; another one is refused. */
  readonly expectPlan?: Digest | undefined;
}

/**
 * Brings the infra to what its settings and extensions say; after an interruption the same call goes on
 * where it stopped. With unchanged inputs nothing is installed; services that do not run are started and
 * health is checked.
 * @throws RUNTIME_MODULE_MISSING, RUNTIME_PLAN_CYCLE, RUNTIME_PLAN_STALE, RUNTIME_LOG_CONFLICT
 */
export async function deploy(
  runtime: Runtime,
  input: DeploymentInput,
  options: DeployOptions = {},
): Promise<RunResult> {
  const plan = planDeployment(input);
  const { expectPlan } = options;
  if (expectPlan !== undefined && plan.digest !== expectPlan) {
    throw new ProvError('RUNTIME_PLAN_STALE', { expected: expectPlan, actual: plan.digest });
  }
  return runPlan(runtime, { plan, input }, options);
}

/**
 * Stops the services of an infra, uninstalls its extensions and deletes its servers.
 * @throws RUNTIME_MODULE_MISSING, RUNTIME_PLAN_CYCLE, RUNTIME_LOG_CONFLICT
 */
export async function removeDeployment(
  runtime: Runtime,
  input: DeploymentInput,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<RunResult> {
  return runPlan(runtime, { plan: planRemoval(input), input }, options);
}

/** Reads `TASK=done` or `TASK=retry`. @throws RUNTIME_RESOLVE_INVALID */
export function parseResolution(value: string): readonly [task: string, verdict: 'done' | 'retry'] {
  const match = /^(.+)=(done|retry)$/.exec(value);
  if (match === null) throw new ProvError('RUNTIME_RESOLVE_INVALID', { value });
  return [match[1]!, match[2] as 'done' | 'retry'];
}
