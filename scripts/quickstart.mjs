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
const options = parseOptions(process.argv.slice(2));

if (options.part === undefined) {
  const built = spawnSync(process.execPath, ['scripts/build.mjs', '--if-stale'], {
    stdio: ['ignore', options.json ? 'ignore' : 'inherit', 'inherit'],
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}

const reporter = createReporter(options);
const runner = createRunner({ root, dir: options.dir, reporter });
let state;
try {
  if (options.part === 'far') {
    await farSide({ runner, reporter, state: openState(options.dir), isolated: true });
  } else {
    if (options.fresh) {
      await stopEverything({ runner, quiet: true });
      await removeServers({ runner });
      rmSync(join(root, options.dir), { recursive: true, force: true });
    }
    state = await openState(options.dir, { create: true });
    await stopEverything({ runner, quiet: true });
    const near = await nearSide({ runner, reporter, state });
    const far = await runner.far({
      state,
      keep: options.keep,
      run: () => farSide({ runner, reporter, state, isolated: false }),
    });
    if (!options.keep) await stopEverything({ runner, quiet: true });
    reporter.done({ near, far, state, keep: options.keep });
  }
} catch (error) {
  await runner.settle();
  if (!(options.keep && error.code !== 'INTERRUPTED')) await stopEverything({ runner, quiet: true });
  reporter.failed(error);
  process.exitCode = error.exitCode ?? 1;
}
