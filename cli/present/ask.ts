import { createInterface } from 'node:readline/promises';

/** Asks a yes-or-no question on the terminal; only `y` or `yes` is a yes. Aborting counts as no answer. */
export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
