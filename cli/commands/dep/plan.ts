import type { ResolveWorkspaceResult } from '#manager';
import type { PlanChange } from '#resolver';
import { contentDigestOf } from '#schemas';
import type { CommandContext, CommandInput, Table } from '../../command.js';
import { askYes } from '../../present/ask.js';
import { formatTable } from '../../present/printer.js';
import { explainForm } from './explain-options.js';

const RISK_TEXT = {
  removal: 'removed',
  downgrade: 'older',
  major: 'major change',
  signer: 'other signer',
} as const;

/** What a plan does, a row for each extension that changes. */
export function planTable(changes: readonly PlanChange[]): Table {
  return {
    columns: ['change', 'kind', 'name', 'from', 'to', 'required by', 'look at', 'why'],
    rows: changes.map(({ change, kind, name, from, to, requiredBy, risks, reason }) => [
      change,
      kind,
      name,
      from ?? '-',
      to ?? '-',
      requiredBy.join(', ') || '-',
      risks?.map((risk) => RISK_TEXT[risk]).join(', ') || '-',
      reason ?? '-',
    ]),
  };
}

/** The same without columns that say nothing. */
export function planText(changes: readonly PlanChange[]): string {
  const { columns, rows } = planTable(changes);
  const kept = columns.flatMap((_, i) => (rows.some((row) => row[i] !== '-') ? [i] : []));
  return formatTable({
    columns: kept.map((i) => columns[i]!),
    rows: rows.map((row) => kept.map((i) => row[i]!)),
  }).trimEnd();
}

/** What every command that ends in a lock lets people choose. */
export function planOptions(context: CommandContext, input: CommandInput) {
  const { options } = input;
  return {
    install: options['install'] !== false,
    allowLocal: options['allowLocal'] === true,
    dryRun: options['dryRun'] === true,
    explain: explainForm(input),
    confirm: confirmPlan(context, options['yes'] === true),
  };
}

/** Asks a person about risky changes; without one, or with `--yes`, nothing is asked. */
function confirmPlan(context: CommandContext, yes: boolean) {
  if (yes || !context.interactive) return undefined;
  return async (changes: readonly PlanChange[]): Promise<boolean> => {
    context.note(planText(changes));
    const risky = changes.filter(({ risks }) => risks !== undefined).length;
    return askYes(`${risky} of these changes should be looked at. Go on?`, context.signal);
  };
}

/** What commands that end in a lock print. */
export function describeResult(result: ResolveWorkspaceResult, dryRun: boolean) {
  const { lockFile, lock, resolved, lockChanged, changes, installed, requests } = result;
  const extensions = lock.extensions.map((entry) => ({
    kind: entry.kind,
    name: entry.name,
    ...(entry.alias === undefined ? {} : { alias: entry.alias }),
    version: entry.version,
    digest: contentDigestOf(entry),
    ...('path' in entry.source ? { path: entry.source.path } : {}),
    ...(entry.signer === undefined ? {} : { signer: entry.signer.identity }),
  }));
  const skipped = lock.extensions.flatMap((entry) =>
    (entry.skipped ?? []).map(
      ({ name, range, reason }) => `skipped ${name} ${range}, optional for ${entry.name}: ${reason}`,
    ),
  );
  const state = dryRun
    ? lockChanged
      ? 'the lock would change'
      : 'the lock would stay as it is'
    : lockChanged
      ? `wrote ${lockFile}`
      : 'the lock is current';
  const lines = [
    ...(changes.length === 0 ? [] : [planText(changes)]),
    ...skipped,
    state,
    ...(dryRun ? [] : [`${installed.length} installed, ${extensions.length} locked`]),
  ];
  return {
    data: { lockFile, resolved, lockChanged, changes, installed, requests, extensions },
    text: lines.join('\n'),
    table: dryRun
      ? planTable(changes)
      : {
          columns: ['kind', 'name', 'version', 'digest', 'signer'],
          rows: extensions.map((each) => [
            each.kind,
            each.name,
            each.version,
            each.digest.slice(0, 19),
            each.signer ?? '-',
          ]),
        },
  };
}
