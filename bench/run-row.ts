import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender, Measurement, Row } from './row.js';

export interface Summary {
  readonly name: string;
  readonly best: number;
  readonly median: number;
  readonly samples: number;
  readonly cpuMs?: number | undefined;
  readonly serverCpuMs?: number | undefined;
}

export type Verdict = 'met' | 'missed' | 'no goal' | 'skipped' | 'failed';

export interface RowResult {
  readonly id: string;
  readonly title: string;
  readonly unit: Row['unit'];
  readonly better: Row['better'];
  readonly candidate?: Summary | undefined;
  readonly peer?: Summary | undefined;
  /** Best of the candidate over best of the peer. */
  readonly ratio?: number | undefined;
  readonly medianRatio?: number | undefined;
  readonly cpuRatio?: number | undefined;
  readonly serverCpuRatio?: number | undefined;
  readonly goal?: string | undefined;
  readonly verdict: Verdict;
  readonly note?: string | undefined;
  readonly reason?: string | undefined;
}

const SETTLE_MS = 5;

/** Times both contenders in turns, each round in the other order, so that noise falls on both alike. */
export async function runRow(row: Row, rounds: number): Promise<RowResult> {
  const about = { id: row.id, title: row.title, unit: row.unit, better: row.better, note: row.note };
  if (row.skip !== undefined) return { ...about, verdict: 'skipped', reason: row.skip };
  const samples: { candidate: Measurement[]; peer: Measurement[] } = { candidate: [], peer: [] };
  const sides = [
    [row.candidate, samples.candidate],
    [row.peer, samples.peer],
  ] as const;
  await row.prepare?.();
  const last = Math.min(rounds, row.maxRounds ?? rounds);
  for (let round = row.warmUp === false ? 1 : 0; round <= last; round++) {
    await row.beforeRound?.(round);
    for (let turn = 0; turn < (round === 0 ? 1 : (row.repeat ?? 1)); turn++) {
      for (const [contender, into] of (round + turn) % 2 === 0 ? sides : sides.toReversed()) {
        if (contender === undefined) continue;
        const measured = await contender.measure(round);
        if (round > 0) into.push(measured);
        // Programs are run synchronously: without a turn of the event loop nobody reads what servers log.
        await sleep(SETTLE_MS);
      }
    }
    await row.afterRound?.(round);
  }
  const candidate = summarise(row.candidate, samples.candidate, row.better);
  const peer = row.peer && summarise(row.peer, samples.peer, row.better);
  const met = row.goal?.met(candidate, peer);
  return {
    ...about,
    candidate,
    peer,
    ratio: over(candidate.best, peer?.best),
    medianRatio: over(candidate.median, peer?.median),
    cpuRatio: over(candidate.cpuMs, peer?.cpuMs),
    serverCpuRatio: over(candidate.serverCpuMs, peer?.serverCpuMs),
    goal: row.goal?.text,
    verdict: met === undefined ? 'no goal' : met ? 'met' : 'missed',
  };
}

function summarise(
  contender: Contender,
  samples: readonly Measurement[],
  better: 'lower' | 'higher',
): Summary {
  const values = samples.map(({ value }) => value);
  return {
    name: contender.name,
    best: better === 'lower' ? Math.min(...values) : Math.max(...values),
    median: median(values),
    samples: samples.length,
    cpuMs: mean(samples.map(({ cpuMs }) => cpuMs)),
    serverCpuMs: mean(samples.map(({ serverCpuMs }) => serverCpuMs)),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Of the values that are there. CPU time comes in ticks of 10 ms: its mean says more than its median. */
function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function over(candidate: number | undefined, peer: number | undefined): number | undefined {
  return candidate === undefined || peer === undefined || peer === 0 ? undefined : candidate / peer;
}
