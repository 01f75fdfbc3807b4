import { type ChildProcess, fork } from 'node:child_process';
import { addCounts, NO_COUNTS, type UniverseCounts } from './run-universes.js';

/** What one worker found in a row of seeds. */
export interface UniverseReport {
  readonly firstSeed: number;
  readonly count: number;
  readonly counts: UniverseCounts;
}

export interface UniverseRun {
  readonly firstSeed: number;
  readonly count: number;
  readonly workers: number;
  readonly onReport?: (report: UniverseReport) => void;
}

/** `runUniverses` in processes of its own, each with a part of the seeds. @throws Error with the seed that failed. */
export async function runUniversesInWorkers({
  firstSeed,
  count,
  workers,
  onReport,
}: UniverseRun): Promise<UniverseCounts> {
  let counts = NO_COUNTS;
  const share = Math.ceil(count / workers);
  const children: ChildProcess[] = [];
  const finished = Array.from({ length: workers }, (_, i) => {
    const from = firstSeed + i * share;
    const size = Math.min(share, firstSeed + count - from);
    if (size <= 0) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
      const child = fork(new URL('universe-worker.js', import.meta.url), [String(from), String(size)], {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        execArgv: [],
      });
      children.push(child);
      let said = '';
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      child.on('message', (report: UniverseReport) => {
        counts = addCounts(counts, report.counts);
        onReport?.(report);
      });
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(said || `exit ${code}`))));
    });
  });
  try {
    await Promise.all(finished);
  } finally {
    for (const child of children) child.kill();
  }
  return counts;
}
