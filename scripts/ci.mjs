// Runs everything that must hold, in order, on a clean clone: the README's test command (`npm ci && npm test`),
// the checks, the interop tests (after fetching the programs they run against) and the long suite.
// Each check counts as one test. The last line sums over all suites.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const total = { passed: 0, failed: 0, skipped: 0 };

function step(name, command, { counted = false } = {}) {
  const started = Date.now();
  console.log(`\n== ${name}: ${command}`);
  const result = spawnSync('bash', ['-c', command], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 256 << 20,
    encoding: 'utf8',
  });
  process.stdout.write(result.stdout);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const ok = result.status === 0;
  const lines = counted ? result.stdout.trim().split('\n') : [];
  const counts = lines
    .map((line) => /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line))
    .findLast((match) => match !== null);
  if (counts) {
    total.passed += Number(counts[1]);
    total.failed += Number(counts[2]);
    total.skipped += Number(counts[3] ?? 0);
    if (!ok && Number(counts[2]) === 0) total.failed += 1;
  } else {
    total[ok ? 'passed' : 'failed'] += 1;
  }
  console.log(`== ${name}: ${ok ? 'ok' : `FAILED (exit ${result.status})`} in ${seconds} s`);
  return ok;
}

const readme = readFileSync('README.md', 'utf8');
const command = /^ {4}(npm ci && npm test)\b/m.exec(readme)?.[1];
if (command === undefined) {
  console.log('README.md does not show its test command');
  total.failed += 1;
}
step('the test command of the README', `${command ?? 'npm ci && npm test'} -- --retry`, { counted: true });
step('checks', 'node scripts/check.mjs --counted', { counted: true });
// The other supported Node versions double the time; they are asked for by name.
for (const version of (process.env.PROV_CI_NODES ?? '').split(',').filter(Boolean)) {
  step(
    `quick suite on Node ${version}`,
    `node scripts/with-node.mjs ${version} scripts/test.mjs --suite quick --no-build --retry`,
    { counted: true },
  );
}
step('quickstart', 'npm run --silent quickstart');
step('interop programs', 'node scripts/interop-tools.mjs');
step('interop', 'npm run --silent test:interop -- --retry', { counted: true });
step('long', 'npm run --silent test:long -- --retry', { counted: true });
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
