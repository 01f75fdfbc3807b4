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

/** Each line of a fence as a step of its own, so that none fails unnoticed. */
function lineByLine(step: Step): readonly Step[] {
  if (step.type !== 'run' || !step.command.includes('\n')) return [step];
  return step.command.split('\n').map((command, i) => ({ ...step, line: step.line + 1 + i, command }));
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

/**
 * The steps of a guide: those of its fences, and the commands of at least three words in its tables or, with `all`,
 * anywhere in its text, in the order of the document. These must succeed.
 */
export function guideSteps(markdown: string, inline: 'tables' | 'all'): readonly Step[] {
  const fenced = tutorialSteps(markdown).flatMap(lineByLine);
  let inside = false;
  const named = markdown.split('\n').flatMap((text, at): Step[] => {
    if (text.startsWith('```')) inside = !inside;
    if (inside || (inline === 'tables' && !text.startsWith('|'))) return [];
    return [...text.matchAll(/`(prov(?: [^` ]+){2,})`/g)].map(([, command]) => ({
      type: 'run',
      line: at + 1,
      command: command!,
      expected: [],
      fails: false,
    }));
  });
  return [...fenced, ...named].sort((a, b) => a.line - b.line);
}
