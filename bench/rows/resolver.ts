import { benchRows } from '../../resolver/testing/bench-rows.js';
import type { IntegerGraph } from '../../resolver/testing/integer-graph.js';
import { sharedGraph } from '../../resolver/testing/shared-data.js';
import { minisatEveryRoot } from '../minisat-every-root.js';
import { type BenchRow, type Row, valueAtMost } from '../row.js';
import type { Site } from '../site.js';

/** The graph that MiniSat can hold in its memory. */
const WITH_PEER = 'large_case';
const SOLVABLE = 593;
const QUICK_REPEAT = 3;
const ROUNDS = 5;

/** What the resolver's room gives to time: real graphs, hard cases, one large resolution. */
export function resolverRows(site: Site): Row[] {
  return benchRows().map((each) => rowOf(site, each));
}

function rowOf(site: Site, { name, limitMs, repeat, skip, run }: BenchRow): Row {
  const title = name.replace(/^resolver: /, '');
  const peer = title.includes(WITH_PEER);
  return {
    id: `resolver.${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`,
    title,
    unit: 'ms',
    better: 'lower',
    skip,
    goal: valueAtMost(limitMs, 'ms', 'median'),
    repeat: Math.min(Math.ceil(repeat / ROUNDS), site.quick ? QUICK_REPEAT : repeat),
    candidate: { name: 'prov', measure: () => timed(run) },
    peer: peer ? { name: 'logic-solver (MiniSat)', measure: () => timed(minisatOnce) } : undefined,
    note: title.includes('npm graph') ? 'no peer: logic-solver did not answer within two minutes' : undefined,
  };
}

async function timed(action: () => Promise<void> | void): Promise<{ value: number }> {
  const started = performance.now();
  await action();
  return { value: performance.now() - started };
}

let graph: IntegerGraph | undefined;

function minisatOnce(): void {
  graph ??= sharedGraph('large_case.json')!;
  const found = minisatEveryRoot(graph);
  if (found !== SOLVABLE) throw new Error(`MiniSat finds ${found} roots solvable, not ${SOLVABLE}`);
}
