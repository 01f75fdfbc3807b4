import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeAnswer } from './probe.js';

export interface HealthSchedule {
  /** Looks after the first. */
  readonly retries: number;
  readonly intervalMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onUnhealthy?: (answer: ProbeAnswer, look: number) => void;
}

export interface HealthReport extends ProbeAnswer {
  /** How many looks it took. */
  readonly looks: number;
}

/** Looks until the answer is healthy or the retries are used up; the last answer is returned. Rejects on abort. */
export async function waitForHealth(
  look: () => Promise<ProbeAnswer>,
  plan: HealthSchedule,
): Promise<HealthReport> {
  for (let looks = 1; ; looks += 1) {
    plan.signal?.throwIfAborted();
    const answer = await look();
    plan.signal?.throwIfAborted();
    if (answer.healthy || looks > plan.retries) return { ...answer, looks };
    plan.onUnhealthy?.(answer, looks);
    await sleep(plan.intervalMs, undefined, { signal: plan.signal });
  }
}
