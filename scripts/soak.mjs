// Random universes against MiniSat for as long as you like:
//   npm run soak -- [--count 1000000] [--seed N] [--workers 2]
// Prints its seed, and what to type to go on where it was stopped. Exits 1 at the first disagreement.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    workers: { type: 'string', default: '2' },
  },
});
/** Seeds between two points at which a run can be resumed. */
const LEG = 20_000;
const count = Number(values.count);
const first = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const workers = Number(values.workers);
for (const [name, value] of Object.entries({ count, seed: first, workers })) {
  if (Number.isSafeInteger(value) && value >= (name === 'seed' ? 0 : 1)) continue;
  console.error(`--${name} must be a whole number`);
  process.exit(2);
}

process.chdir(new URL('..', import.meta.url).pathname);
const built = spawnSync(process.execPath, ['scripts/build.mjs', '--if-stale'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(built.status ?? 1);
const { runUniversesInWorkers } = await import('../build/resolver/testing/universe-workers.js');
const { addCounts, NO_COUNTS } = await import('../build/resolver/testing/run-universes.js');

console.log(`seed ${first}, ${count} universes, ${workers} workers`);
const started = Date.now();
let counts = NO_COUNTS;
let done = 0;
process.on('SIGINT', () => {
  console.log(`stopped; go on with: npm run soak -- --seed ${first + done} --count ${count - done}`);
  process.exit(130);
});
while (done < count) {
  const size = Math.min(LEG, count - done);
  try {
    counts = addCounts(
      counts,
      await runUniversesInWorkers({ firstSeed: first + done, count: size, workers }),
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
  done += size;
  const share = (of) => `${((100 * of) / done).toFixed(1)} %`;
  const minutes = ((Date.now() - started) / 60_000).toFixed(1);
  console.log(
    `${done} agreed in ${minutes} min; not solvable ${share(counts.unsolvable)}, 10 or more conflicts ${share(counts.contested)}`,
  );
}
console.log(JSON.stringify({ firstSeed: first, ...counts }));
