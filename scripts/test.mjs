// Runs one suite with node:test on the compiled output and prints, last, `N passed, N failed, N skipped`.
//   node scripts/test.mjs --suite quick|long|arch|e2e|interop|crash [--only SUBSTRING] [--no-build]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const argument = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const suite = argument('--suite') ?? 'quick';
const only = argument('--only');

/** Which compiled test files belong to a suite. */
const isLong = (file) => file.endsWith('.long.test.js');
const inFolder = (name) => (file) => file.startsWith(`build/test/${name}/`);
const SUITES = {
  quick: (file) => !isLong(file) && !inFolder('interop')(file),
  long: (file) => isLong(file) && !inFolder('interop')(file),
  interop: inFolder('interop'),
  arch: inFolder('architecture'),
  e2e: inFolder('e2e'),
  crash: (file) => /crash|kill/.test(file),
};
const belongs = SUITES[suite];
if (!belongs) {
  console.error(`unknown suite "${suite}"; suites are ${Object.keys(SUITES).join(', ')}`);
  process.exit(2);
}

if (!process.argv.includes('--no-build')) {
  const built = spawnSync(process.execPath, ['scripts/build.mjs', '--if-stale'], { stdio: 'inherit' });
  if (built.status !== 0) process.exit(built.status ?? 1);
}

function* walk(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.name.endsWith('.test.js')) yield path;
  }
}
const files = [...walk('build')]
  .filter(belongs)
  .filter((file) => !only || file.includes(only))
  .sort();
if (files.length === 0) {
  console.error(`no test file belongs to the suite "${suite}"`);
  process.exit(1);
}

/** Runs test files and returns the counts in all and by file. */
function run(paths, concurrency) {
  const reports = mkdtempSync(join(tmpdir(), 'prov-test-'));
  const report = join(reports, 'report.json');
  const { status } = spawnSync(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      // A test that hangs is a failure with a name, not a run that never ends.
      `--test-timeout=${suite === 'quick' || suite === 'arch' ? 900_000 : 2_400_000}`,
      '--test-reporter=./scripts/test-reporter.mjs',
      '--test-reporter-destination=stdout',
      ...paths,
    ],
    { stdio: 'inherit', env: { ...process.env, PROV_TEST_REPORT: report, NODE_ENV: 'test' } },
  );
  const found = statSync(report, { throwIfNoEntry: false })
    ? JSON.parse(readFileSync(report, 'utf8'))
    : { counts: { passed: 0, failed: 1, skipped: 0 }, files: {} };
  rmSync(reports, { recursive: true, force: true });
  if (status !== 0 && found.counts.failed === 0) found.counts.failed = 1;
  return found;
}

const { counts, files: byFile } = run(files, process.env.PROV_TEST_CONCURRENCY ?? 2);
// With --retry (CI, on shared machines) files that failed run once more, alone; what then passes is named.
const failed = Object.keys(byFile).filter((file) => byFile[file].failed > 0);
if (
  process.argv.includes('--retry') &&
  failed.length > 0 &&
  failed.length <= 5 &&
  failed.every((file) => files.includes(file))
) {
  console.log(`\nonce more, alone: ${failed.join(' ')}`);
  const second = run(failed, 1);
  for (const outcome of ['passed', 'failed', 'skipped']) {
    for (const file of failed) counts[outcome] -= byFile[file][outcome];
    counts[outcome] += second.counts[outcome];
  }
  for (const file of failed)
    if (!second.files[file]?.failed) console.log(`passed only at the second try: ${file}`);
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 ? 1 : 0);
