import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

/** Reads the options of the quickstart; ends the process with 2 on a wrong one. */
export function parseOptions(argv, root) {
  const options = { json: false, keep: false, fresh: false, dir: '.quickstart', part: undefined };
  for (let i = 0; i < argv.length; i += 1) {
    const name = argv[i];
    if (name === '--json') options.json = true;
    else if (name === '--keep') options.keep = true;
    else if (name === '--fresh') options.fresh = true;
    else if (name === '--dir' && argv[i + 1]) options.dir = stateDirectory(argv[++i], root);
    else if (name === '--part' && argv[i + 1] === 'far') options.part = argv[++i];
    else if (name === '--help') {
      process.stdout.write(
        'npm run quickstart [-- --json] [--keep] [--fresh] [--dir DIR]\n  --json   NDJSON events, the last one {"event":"done",…}\n  --keep   leave registry and workspace running\n  --fresh  forget what an earlier run left\n  --dir    where the state lives (default .quickstart)\n',
      );
      process.exit(0);
    } else {
      refuse(`unknown option ${name}; see --help`);
    }
  }
  return options;
}

/** The directory as seen from the project, as the printed commands need it; only one that is ours or empty. */
function stateDirectory(given, root) {
  const dir = relative(root, resolve(root, given));
  if (!/^[A-Za-z0-9_@%+=:,./-]+$/.test(dir))
    refuse(`--dir ${given}: give a directory of letters, digits and ._-/`);
  const path = join(root, dir);
  if (existsSync(path) && !existsSync(join(path, 'state.json')) && readdirSync(path).length > 0)
    refuse(`--dir ${given}: it is not empty and not the state of a quickstart`);
  return dir;
}

function refuse(text) {
  process.stderr.write(`${text}\n`);
  process.exit(2);
}
