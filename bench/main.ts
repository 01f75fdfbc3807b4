import { parseArgs } from 'node:util';
import { describeMachine, loadPerCore, MAX_LOAD_PER_CORE } from './machine.js';
import { machineText, notesText, tableText } from './report.js';
import { everyRow } from './rows/every-row.js';
import { type RowResult, runRow } from './run-row.js';
import { openSite } from './site.js';

const USAGE = `npm run bench -- [options]
  --quick           fewer rounds and shorter loads
  --only SUBSTRING  rows whose id holds this (repeatable)
  --rounds N        rounds of every row (default 5; 3 with --quick)
  --json            one JSON document on stdout, notes on stderr
  --strict          refuse to run when the machine is busy
  --list            the ids of the rows
PROV_INTEROP_DIR: where skopeo, oras and docker-registry are. PROV_NODES: further node binaries, apart by ":".`;
const ROUNDS = 5;
const QUICK_ROUNDS = 3;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const say = values.json ? console.error : console.log;
process.exitCode = values.help ? help() : await main();

function help(): number {
  console.log(USAGE);
  return 0;
}

async function main(): Promise<number> {
  const rounds = Number(values.rounds ?? (values.quick ? QUICK_ROUNDS : ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1) {
    console.error(`--rounds ${values.rounds} is not a number of rounds\n${USAGE}`);
    return 2;
  }
  const machine = describeMachine();
  say(machineText(machine));
  if (machine.loadPerCore > MAX_LOAD_PER_CORE) {
    say(`warning: the load per core is above ${MAX_LOAD_PER_CORE}: trust no number of this run`);
    if (values.strict) return 1;
  }
  if (rounds < 3) say('warning: fewer than 3 rounds: trust no number of this run');
  const site = openSite(values.quick);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // A terminal sends it to us and to npm, which sends it again.
    if (stopping) return;
    stopping = true;
    void site.close().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const started = performance.now();
  const results: RowResult[] = [];
  try {
    for await (const row of everyRow(site)) {
      if (values.only?.every((part) => !row.id.includes(part))) continue;
      if (values.list) {
        console.log(`${row.id}: ${row.title}`);
        continue;
      }
      say(`- ${row.id}`);
      results.push(await runRow(row, rounds).catch((error: unknown) => failed(row, error)));
    }
    if (values.list) return 0;
  } finally {
    await site.close();
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  if (values.json) {
    console.log(JSON.stringify({ machine, rounds, seconds, loadPerCoreAfter: loadPerCore(), rows: results }));
  } else {
    say(`\n${tableText(results)}\n\n${notesText(results)}`);
    say(`\n${rounds} rounds in ${seconds} s; load per core now ${loadPerCore()}`);
  }
  return results.some(({ verdict }) => verdict === 'failed') ? 1 : 0;
}

function failed(row: Parameters<typeof runRow>[0], error: unknown): RowResult {
  const { id, title, unit, better, note, goal } = row;
  const reason = error instanceof Error ? error.message : String(error);
  return { id, title, unit, better, note, goal: goal?.text, verdict: 'failed', reason };
}
