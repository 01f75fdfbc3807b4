import type { Machine } from './machine.js';
import type { RowResult, Summary } from './run-row.js';

const HEADINGS = [
  'row',
  'unit',
  'ours best / median',
  'peer best / median',
  'ratio',
  'goal',
  'verdict',
  'CPU',
  'server CPU',
  'peer',
] as const;

export function machineText({ node, platform, cores, cpu, memoryGiB, loadPerCore, peers }: Machine): string {
  const programs = Object.entries(peers).map(([name, version]) => `  ${name}: ${version}`);
  return [
    `Node ${node} on ${platform}, ${cores} cores (${cpu}), ${memoryGiB} GiB, load per core ${loadPerCore}`,
    ...programs,
  ].join('\n');
}

/** A Markdown table that can also be read as it is. Ratios are best over best; CPU ratios are of means. */
export function tableText(results: readonly RowResult[]): string {
  const lines = results.map(cellsOf);
  const widths = HEADINGS.map((heading, i) =>
    Math.max(heading.length, ...lines.map((cells) => cells[i]!.length)),
  );
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [
    format(HEADINGS),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...lines.map(format),
  ].join('\n');
}

export function notesText(results: readonly RowResult[]): string {
  return results
    .filter(({ note, reason }) => note !== undefined || reason !== undefined)
    .map(({ title, note, reason }) => `- ${title}: ${[reason, note].filter(Boolean).join('; ')}`)
    .join('\n');
}

function cellsOf(result: RowResult): string[] {
  return [
    result.title,
    result.unit,
    numbers(result.candidate),
    numbers(result.peer),
    ratio(result.ratio),
    result.goal ?? '-',
    result.verdict,
    ratio(result.cpuRatio),
    ratio(result.serverCpuRatio),
    result.peer?.name ?? '-',
  ];
}

function numbers(summary: Summary | undefined): string {
  return summary === undefined ? '-' : `${number(summary.best)} / ${number(summary.median)}`;
}

function number(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}

function ratio(value: number | undefined): string {
  return value === undefined ? '-' : `${value >= 10 ? value.toFixed(1) : value.toFixed(2)}x`;
}
