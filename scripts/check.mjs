// Types, lint, format, import rules, generated files and package contents. `npm run check` is what a
// developer runs before pushing; with --counted only the static checks run and are counted as tests.
import { spawnSync } from 'node:child_process';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const counted = process.argv.includes('--counted');

const checks = [
  ['types', ['node_modules/.bin/tsc', '-p', 'tsconfig.json', '--noEmit']],
  ['lint and format', ['node_modules/.bin/biome', 'ci', '.']],
  ['generated files are current', ['node', 'scripts/generate.mjs', '--check']],
  ['package contents', ['node', 'scripts/package-contents.mjs']],
];
if (!counted)
  checks.push(
    ['import rules', ['node', 'scripts/test.mjs', '--suite', 'arch']],
    ['quick suite', ['node', 'scripts/test.mjs', '--suite', 'quick']],
  );

let failed = 0;
for (const [name, [program, ...args]] of checks) {
  const result = spawnSync(program, args, { stdio: 'inherit' });
  const ok = result.status === 0;
  if (!ok) failed += 1;
  console.log(`${ok ? 'ok' : 'not ok'} ${name}`);
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
