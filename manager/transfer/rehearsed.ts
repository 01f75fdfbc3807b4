import { Rehearsal, type RequestPlan } from '#oci';
import type { ManagerContext } from '../context.js';

/** What a dry run tells beside what the real run would. */
export interface Rehearsed {
  /** Of a dry run: every request of the real run, in order, as long as nothing fails and registries agree. */
  readonly plan?: RequestPlan;
}

/**
 * Runs a use case whose registries are asked and not changed, and adds what the real run asks of them. Within another
 * rehearsal it is part of that one.
 */
export async function rehearsed<T extends object>(
  context: ManagerContext,
  action: (within: ManagerContext) => Promise<T>,
): Promise<T & Rehearsed> {
  const rehearsal = context.rehearsal ?? new Rehearsal();
  const result = await action({ ...context, rehearsal });
  return { ...result, plan: rehearsal.plan() };
}
