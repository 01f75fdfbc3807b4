// The main job, end to end: registry, signed push, workspace, resolve, install, deploy, health; then the same
// from one file in an empty place without a network. Every step is a child `prov` process.
//   npm run quickstart [-- --json] [--keep] [--fresh] [--dir DIR]
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseOptions } from './quickstart/options.mjs';
import { createReporter } from './quickstart/report.mjs';
import { createRunner } from './quickstart/runner.mjs';
import { farSide, nearSide, removeServers, stopEverything } from './quickstart/stages.mjs';
import { openState } from './quickstart/state.mjs';

const root = new URL('..', import.meta.url).pathname.replace(/\/$/, '');
process.chdir(root);
const options = parseOptions(process.argv.slice(2), root);

if (options.part === undefined) {
  const built = spawnSync(process.execPath, ['scripts/build.mjs', '--if-stale'], {
    stdio: ['ignore', options.json ? 'ignore' : 'inherit', 'inherit'],
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}

const { endLeftovers, recordProcesses } = await import('./quickstart/processes.mjs');
const reporter = createReporter(options);
const runner = createRunner({ root, dir: options.dir, reporter });
let processes;
try {
  if (options.part === 'far') {
    processes = recordProcesses(options.dir, 'far');
    runner.remember(processes);
    await farSide({ runner, reporter, state: openState(options.dir), isolated: true });
  } else {
    await endLeftovers(options.dir);
    processes = recordProcesses(options.dir, 'main');
    runner.remember(processes);
    await stopEverything({ runner });
    if (options.fresh) {
      await removeServers({ runner });
      rmSync(join(root, options.dir), { recursive: true, force: true });
      processes = recordProcesses(options.dir, 'main');
      runner.remember(processes);
    }
    const state = await openState(options.dir, { create: true });
    const near = await nearSide({ runner, reporter, state });
    const far = await runner.far({
      state,
      keep: options.keep,
      run: () => farSide({ runner, reporter, state, isolated: false }),
    });
    if (!options.keep) await stopEverything({ runner });
    reporter.done({ near, far, state, keep: options.keep });
  }
} catch (error) {
  if (error.code !== 'QUICKSTART_RUNNING' && (!options.keep || error.code === 'INTERRUPTED'))
    await stopEverything({ runner });
  reporter.failed(error);
  process.exitCode = error.exitCode ?? 1;
} finally {
  processes?.forget();
}
