// program.cjs of the bundle: opens the archive of modules and starts the program that is in it.
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { main as programMain } from '../program.js';
import { openCodeCache } from './code-cache.js';
import { type ModuleArchive, type ModulePlace, openModuleArchive } from './module-archive.js';

/** Put in by the bundler. */
declare const PROV_MODULES: string;
/** Digest of modules.cjs: packages are installed with one fixed time for every file. */
declare const PROV_BUILD: string;
declare const __dirname: string;
declare const require: NodeJS.Require;

let archive: ModuleArchive | undefined;

/** Runs a command line. Compiled code is kept in the home of prov, unless NODE_DISABLE_COMPILE_CACHE is set. */
export async function main(argv: readonly string[]): Promise<void> {
  const home = process.env['PROVISIONING_HOME'] || join(homedir(), '.provisioning');
  const cached = (process.env['NODE_DISABLE_COMPILE_CACHE'] ?? '') === '';
  open(cached ? join(home, 'compile-cache') : undefined);
  const program = at('cli/program') as { main: typeof programMain };
  await program.main(argv);
}

/** A module of the program, for the library's door, which leaves nothing in anybody's home. */
export function at(id: string): Record<string, unknown> {
  return open().at(id);
}

/** The modules that ran so far. */
export function evaluated(): readonly string[] {
  return archive?.evaluated() ?? [];
}

function open(cacheDirectory?: string): ModuleArchive {
  if (archive !== undefined) return archive;
  const path = join(__dirname, 'modules.cjs');
  const cache =
    cacheDirectory === undefined
      ? undefined
      : openCodeCache(cacheDirectory, `${PROV_BUILD}-${fileStamp(path)}${optionsStamp()}`);
  if (cache !== undefined) process.on('exit', () => cache.save());
  const index = JSON.parse(PROV_MODULES) as Record<string, ModulePlace>;
  archive = openModuleArchive({ path, index, require }, cache);
  return archive;
}

/** Says which file it is, so that compiled code of one that was changed by hand is not used for it. */
function fileStamp(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${size.toString(36)}-${Math.trunc(mtimeMs).toString(36)}`;
}

/** Code that was compiled under other options of V8 is refused by it, so each set of them has a file of its own. */
function optionsStamp(): string {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ').trim();
  let hash = 0;
  for (let i = 0; i < options.length; i++) hash = (Math.imul(hash, 31) + options.charCodeAt(i)) | 0;
  return options === '' ? '' : `-${(hash >>> 0).toString(36)}`;
}
