/** Reads the options of the quickstart; ends the process with 2 on a wrong one. */
export function parseOptions(argv) {
  const options = { json: false, keep: false, fresh: false, dir: '.quickstart', part: undefined };
  for (let i = 0; i < argv.length; i += 1) {
    const name = argv[i];
    if (name === '--json') options.json = true;
    else if (name === '--keep') options.keep = true;
    else if (name === '--fresh') options.fresh = true;
    else if (name === '--dir' && argv[i + 1]) options.dir = argv[++i];
    else if (name === '--part' && argv[i + 1] === 'far') options.part = argv[++i];
    else if (name === '--help') {
      process.stdout.write(
        'npm run quickstart [-- --json] [--keep] [--fresh] [--dir DIR]\n  --json   NDJSON events, the last one {"event":"done",…}\n  --keep   leave registry and workspace running\n  --fresh  forget what an earlier run left\n  --dir    where the state lives (default .quickstart)\n',
      );
      process.exit(0);
    } else {
      process.stderr.write(`unknown option ${name}; see --help\n`);
      process.exit(2);
    }
  }
  return options;
}
