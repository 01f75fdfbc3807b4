// Runs many command lines in this one process and writes down what each put on standard output:
//   node run-commands.js LINES.json RESULTS.json
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit } from 'node:process';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './project.js';

/** What one command line did. */
export interface CommandRun {
  readonly args: readonly string[];
  readonly exit: number;
  readonly stdout: string;
}

const [, , linesFile, resultsFile] = argv;
if (resultsFile !== undefined) {
  // By its path: the program is no door of its room.
  const program = pathToFileURL(join(projectRoot, 'build/cli/program.js')).href;
  const { main } = (await import(program)) as { main: (args: readonly string[]) => Promise<void> };
  const lines = JSON.parse(readFileSync(linesFile!, 'utf8')) as string[][];
  const runs: CommandRun[] = [];
  const real = process.stdout.write.bind(process.stdout);
  for (const args of lines) {
    let stdout = '';
    process.stdout.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      stdout += Buffer.from(chunk as Uint8Array).toString();
      const done = rest.find((each) => typeof each === 'function') as ((error?: Error) => void) | undefined;
      done?.();
      return true;
    }) as typeof process.stdout.write;
    process.exitCode = 0;
    await main(args);
    runs.push({ args, exit: Number(process.exitCode), stdout });
  }
  process.stdout.write = real;
  writeFileSync(resultsFile, JSON.stringify(runs));
  exit(0);
}
