import { counted, EXIT } from '#base';
import type { CopySummary } from '#manager';
import type { CommandOutput } from '../../command.js';
import { planLines } from './plan-lines.js';
import { formatBytes } from './shared.js';

/** What people and scripts are told of a copy, an export or an import. */
export function copyOutput(
  summary: CopySummary,
  words: { readonly past: string; readonly future: string },
  what: string,
): CommandOutput {
  const { items, copied, skipped, bytes, failed, uncertain, dryRun } = summary;
  const lines = [
    `${dryRun ? words.future : words.past} ${what}`,
    `${counted(copied, 'piece')}, ${formatBytes(bytes)}; ${dryRun ? counted(skipped, 'is', 'are') : counted(skipped, 'was', 'were')} there`,
    ...planLines(summary),
    ...(failed === 0 ? [] : [`${failed} of ${items.length} failed:`]),
    ...items.flatMap(({ from, error }) =>
      error === undefined ? [] : [`  ${from}: ${error.code}: ${error.message}`],
    ),
    ...uncertain.map(
      ({ digest, where, reason }) => `not certain what is attached to ${digest} in ${where}: ${reason}`,
    ),
  ];
  return {
    data: summary,
    text: lines.join('\n'),
    table: {
      columns: ['from', 'to', 'digest', 'bytes', 'result'],
      rows: items.map((item) => [
        item.from,
        item.to,
        item.digest ?? '',
        String(item.bytes),
        item.error === undefined ? (item.copied === 0 ? 'there' : words.past) : item.error.code,
      ]),
    },
    ...(failed > 0 || uncertain.length > 0 ? { exit: EXIT.partial } : {}),
  };
}
