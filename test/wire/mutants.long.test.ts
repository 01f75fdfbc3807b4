import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../support/project.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { CHECKLIST } from './checklist.js';
import { MUTANTS, type Mutant } from './mutants.js';

/** A mutant that hangs fails its test as well; it should not take long to do so. */
const LIMIT_MS = 60_000;

/** A copy of the compiled project in which mistakes are made. */
function workshop(root: string): string {
  for (const name of ['build', 'package.json'])
    cpSync(join(projectRoot, name), join(root, name), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  return root;
}

/** The exit code of one test of a test file. */
function run(root: string, mutant: Mutant): Promise<{ code: number | null; output: string }> {
  const args = [
    '--test',
    '--test-reporter=tap',
    `--test-timeout=${LIMIT_MS}`,
    `--test-name-pattern=${mutant.name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}`,
    join(root, 'build', `${mutant.test}.test.js`),
  ];
  // Of a test that runs itself inside a test run, node reports only to the outer one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const killer = setTimeout(() => child.kill('SIGKILL'), 2 * LIMIT_MS);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) =>
    child.on('exit', (code) => {
      clearTimeout(killer);
      resolve({ code, output });
    }),
  );
}

const passes = (output: string) => Number(/^# pass (\d+)/m.exec(output)?.[1] ?? 0);
const failures = (output: string) => Number(/^# (?:fail|cancelled) ([1-9]\d*)/m.exec(output)?.[1] ?? 0);

async function findsOut(root: string, mutant: Mutant): Promise<string | undefined> {
  const path = join(root, 'build', `${mutant.file}.js`);
  const original = readFileSync(path, 'utf8');
  if (!original.includes(mutant.find)) return `its text is not in build/${mutant.file}.js any more`;
  writeFileSync(
    path,
    original.replace(mutant.find, () => mutant.replace),
  );
  try {
    const { code, output } = await run(root, mutant);
    if (code === 0) return passes(output) > 0 ? 'the test passes all the same' : 'no test has that name';
    return failures(output) > 0 || code === null
      ? undefined
      : `the test could not run: ${output.slice(0, 400)}`;
  } finally {
    writeFileSync(path, original);
  }
}

test('every mistake of a client is found out by the test of its line', async (t) => {
  const roots = [workshop(temporaryDirectory(t)), workshop(temporaryDirectory(t))];
  const only = process.env['PROV_MUTANTS'];
  const pending = MUTANTS.filter(({ line }) => only === undefined || only.split(',').includes(String(line)));
  const total = pending.length;
  const problems: string[] = [];
  const started = performance.now();
  await Promise.all(
    roots.map(async (root) => {
      for (let mutant = pending.shift(); mutant; mutant = pending.shift()) {
        const problem = await findsOut(root, mutant);
        if (problem !== undefined) problems.push(`line ${mutant.line}, "${mutant.mistake}": ${problem}`);
      }
    }),
  );
  t.diagnostic(
    `${total} mutants, ${problems.length} alive, ${Math.round((performance.now() - started) / 1000)} s`,
  );
  assert.deepEqual(problems, []);
});

test('every line about the client has a mutant', () => {
  const covered = new Set(MUTANTS.map(({ line }) => line));
  assert.deepEqual(
    CHECKLIST.filter(({ line }) => !covered.has(line)).map(({ line }) => line),
    [],
  );
});
