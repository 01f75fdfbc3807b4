import type { BenchRow } from './row.js';

/** The resolver's rows live in its room, since they time the solver past the room's door. */
const ROWS = '../resolver/testing/bench-rows.js';

export async function rows(): Promise<BenchRow[]> {
  const { benchRows } = (await import(ROWS)) as { benchRows: () => BenchRow[] };
  return benchRows();
}
