/** One thing that a reader of a tutorial does: write a file, or run commands. */
export type Step =
  | { readonly type: 'file'; readonly line: number; readonly path: string; readonly text: string }
  | {
      readonly type: 'run';
      readonly line: number;
      readonly command: string;
      /** Lines that the output holds in this order; `…` stands for anything. */
      readonly expected: readonly string[];
      readonly fails: boolean;
    };

const FENCE = /^```(\w+)?(?: (.*))?$/;

/**
 * The steps of a Markdown document, in order: fences with `file: PATH`, each `$ ` line of a `console` fence
 * with the output below it, and `sh` fences as a whole.
 */
export function tutorialSteps(markdown: string): readonly Step[] {
  const lines = markdown.split('\n');
  const steps: Step[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const fence = FENCE.exec(lines[at]!);
    if (fence === null) continue;
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`the fence of line ${at + 1} does not end`);
    const body = lines.slice(at + 1, end);
    const [, language, information = ''] = fence;
    const path = /^file: (\S+)$/.exec(information)?.[1];
    if (path !== undefined) steps.push({ type: 'file', line: at + 1, path, text: `${body.join('\n')}\n` });
    else if (language === 'sh')
      steps.push({ type: 'run', line: at + 1, command: body.join('\n'), expected: [], fails: false });
    else if (language === 'console') steps.push(...consoleSteps(body, at + 2, information === 'fails'));
    at = end;
  }
  return steps;
}

function consoleSteps(body: readonly string[], firstLine: number, fails: boolean): readonly Step[] {
  const starts = body.flatMap((text, index) => (text.startsWith('$ ') ? [index] : []));
  return starts.map((start, index) => ({
    type: 'run',
    line: firstLine + start,
    command: body[start]!.slice(2),
    expected: body.slice(start + 1, starts[index + 1]).filter((text) => text !== ''),
    fails,
  }));
}

/** The first expected line that the output does not hold at or after the place of the one before it. */
export function missingLine(output: string, expected: readonly string[]): string | undefined {
  const lines = output.split('\n');
  let at = 0;
  for (const wanted of expected) {
    const pattern = new RegExp(`^${wanted.trimEnd().split('…').map(escapePattern).join('.*')}\\s*$`);
    const found = lines.findIndex((line, index) => index >= at && pattern.test(line));
    if (found < 0) return wanted;
    at = found + 1;
  }
  return undefined;
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
