import { runUniverses } from './run-universes.js';

/** Reports after so many: what a run that is stopped loses at most. */
const REPORT_EVERY = 1000;

const [first, count] = process.argv.slice(2).map(Number) as [number, number];
for (let done = 0; done < count; done += REPORT_EVERY) {
  const size = Math.min(REPORT_EVERY, count - done);
  process.send!({ firstSeed: first + done, count: size, counts: await runUniverses(first + done, size) });
}
process.disconnect();
