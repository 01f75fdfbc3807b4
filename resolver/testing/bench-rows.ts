import type { BenchRow } from '../../bench/row.js';
import { resolve } from '../resolve.js';
import { ADVERSARIAL } from './adversarial.js';
import { memorySource, type ShortFacts, wanted } from './memory-source.js';
import { randomSource } from './random-universe.js';
import { NO_SHARED_DATA, sharedGraph } from './shared-data.js';
import { solveEveryRoot, solveNamedRoot } from './solve-roots.js';

function graphRow(name: string, file: string, limitMs: number): BenchRow {
  const graph = sharedGraph(file);
  const row = { name, limitMs, repeat: 30, run: () => void (graph && solveEveryRoot(graph)) };
  return graph === undefined ? { ...row, skip: NO_SHARED_DATA } : row;
}

/** Every row of the resolver; data is read when this is called, not when a row runs. */
export function benchRows(): BenchRow[] {
  const source = memorySource(layered(850, 40));
  return [
    graphRow('resolver: 641 roots of large_case, compile included', 'large_case.json', 8),
    graphRow('resolver: 37,117 roots of the npm graph, compile included', 'npm-graph-int.json.gz', 500),
    ...ADVERSARIAL.map(
      ({ name, graph }): BenchRow => ({
        name: `resolver: ${name}`,
        limitMs: 100,
        repeat: 10,
        run: () => void solveNamedRoot(graph, 'root'),
      }),
    ),
    {
      name: 'resolver: resolve() of 850 packages x 40 versions from memory',
      limitMs: 250,
      repeat: 5,
      async run() {
        const result = await resolve({ requirements: [wanted('p0', '*')], source, provVersion: '1.0.0' });
        if (!result.ok || result.solution.packages.length !== 850) throw new Error('not as expected');
      },
    },
  ];
}

/** Packages that each depend on the next and on some later ones, with ranges that most versions meet. */
function layered(packages: number, versions: number): Record<string, Record<string, ShortFacts>> {
  const below = randomSource(850);
  return Object.fromEntries(
    Array.from({ length: packages }, (_, i) => {
      const later = Array.from({ length: 4 }, () => i + 1 + below(packages)).filter((to) => to < packages);
      const targets = [...new Set(i + 1 < packages ? [i + 1, ...later] : [])];
      return [
        `p${i}`,
        Object.fromEntries(
          Array.from({ length: versions }, (_, v): [string, ShortFacts] => [
            `${1 + Math.floor(v / 10)}.${v % 10}.0`,
            { deps: Object.fromEntries(targets.map((to) => [`p${to}`, `>=1.${Math.floor(v / 4) % 10}.0`])) },
          ]),
        ),
      ];
    }),
  );
}
