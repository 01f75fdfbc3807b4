#!/usr/bin/env node
// The entry, bundled as a CommonJS module, which starts faster than an ES module. It answers `--version` itself
// and otherwise loads nothing but the program, after turning on the compile cache where Node has one (22.8 and
// up): under home, since Node's default is a fixed name in the temporary folder that others may write to.
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

async function start(): Promise<void> {
  const [{ enableCompileCache }, { homedir }, { join }] = [
    process.getBuiltinModule('node:module') as { enableCompileCache?: (directory: string) => unknown },
    process.getBuiltinModule('node:os'),
    process.getBuiltinModule('node:path'),
  ];
  const home = process.env['PROVISIONING_HOME'] || join(homedir(), '.provisioning');
  enableCompileCache?.(join(home, 'compile-cache'));
  const { main } = await import('./program.js');
  await main(args);
}
