#!/usr/bin/env node
// The entry, bundled as a CommonJS module, which starts faster than an ES module. It answers `--version` itself
// and otherwise loads nothing but the program; in the bundle that is modules/bundled-program.ts.
import { writeSync } from 'node:fs';

/** Put in by the bundler; absent in the compiled file, which asks the program. */
declare const PROV_VERSION: string;

const args = process.argv.slice(2);
if (!answersVersion()) void start();

/** False also when standard output takes nothing: the program tells what is wrong then. */
function answersVersion(): boolean {
  if (args.length !== 1 || (args[0] !== '--version' && args[0] !== '-V')) return false;
  if (typeof PROV_VERSION === 'undefined') return false;
  try {
    const line = `${PROV_VERSION}\n`;
    return writeSync(1, line) === line.length;
  } catch {
    return false;
  }
}

/**
 * V8 11 (Node 20) optimises what ran for a moment, which costs a command of a second a third of its CPU time and
 * comes too late for it. With this, a loop that is worth it is optimised some milliseconds later. Later versions
 * wait by themselves and do not know the flag.
 */
function optimiseLater(): void {
  if (!process.versions.v8.startsWith('11.')) return;
  process.getBuiltinModule('node:v8').setFlagsFromString('--interrupt-budget=400000');
}

async function start(): Promise<void> {
  optimiseLater();
  const { main } = await import('./program.js');
  await main(args);
}
