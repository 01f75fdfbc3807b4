import { CHECKLIST } from './checklist.js';
import { MUTANTS } from './mutants.js';

/** The table of `docs/spec/wire.md`: what is owed, which files prove it, and how many mistakes were tried. */
export function checklistTable(): string {
  const rows = CHECKLIST.map(({ line, demand, tests }) => {
    const files = Object.entries(tests).map(([file, names]) => `\`${file}\` (${names.length})`);
    const mutants = MUTANTS.filter((each) => each.line === line).length;
    return `| ${line} | ${demand} | ${files.join(', ')} | ${mutants} |`;
  });
  return ['| | what is owed | tests | mutants |', '|---|---|---|---|', ...rows].join('\n');
}
