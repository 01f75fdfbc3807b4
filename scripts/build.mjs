// Compiles the rooms to build/ (what tests run) and bundles the command to dist/ (what ships).
// `--if-stale` does nothing when no source is newer than the last build.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
process.chdir(root);
const SOURCES = [
  'base',
  'db',
  'schemas',
  'oci',
  'trust',
  'resolver',
  'workspace',
  'mirror',
  'manager',
  'runtime',
  'registry-server',
  'cli',
  'test',
  'bench',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'extensions',
];
const STAMP = 'build/.stamp';

/** Newest mtime below `path`, in milliseconds; directories count, so that a removed file is noticed. */
function newest(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) return 0;
  let latest = info.mtimeMs;
  if (!info.isDirectory()) return latest;
  for (const name of readdirSync(path)) {
    if (name === 'node_modules' || name.endsWith('.bundle.mjs')) continue;
    latest = Math.max(latest, newest(join(path, name)));
  }
  return latest;
}

const stamp = statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (process.argv.includes('--if-stale') && SOURCES.every((path) => newest(path) <= stamp)) process.exit(0);

const started = new Date();
if (!process.argv.includes('--keep')) rmSync('build', { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], {
  stdio: 'inherit',
});
if (tsc.status !== 0 && !process.argv.includes('--keep')) process.exit(tsc.status ?? 1);
await (await import('./json-schema-meta.mjs')).writeJsonSchemaMeta();
await (await import('./bundle.mjs')).bundle();
(await import('./types.mjs')).emitTypes();
mkdirSync('build', { recursive: true });
writeFileSync(STAMP, started.toISOString());
const { utimesSync } = await import('node:fs');
utimesSync(STAMP, started, started);
