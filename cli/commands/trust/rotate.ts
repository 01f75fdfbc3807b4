import { EXIT, ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { openCommandWorkspace } from '../dep/in-workspace.js';
import { managerContext } from '../ext/shared.js';

const SAID = { keeps: 'keeps', fails: 'FAILS', 'failed-before': 'fails already' } as const;

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  if (input.options['plan'] !== true)
    throw new ProvError('CLI_USAGE', {
      reason: 'a rotation is only planned',
      hint: 'Give --plan: it says what must be signed anew before the key goes.',
    });
  const workspace = await openCommandWorkspace(context, input);
  const { planRotation } = await import('#manager');
  const plan = await planRotation({ workspace, key: input.args[0]! }, managerContext(context, input));
  const rows = plan.steps.map(({ kind, name, version, outcome, explanation }) => [
    SAID[outcome],
    `${kind} ${name} ${version}`,
    outcome === 'keeps' ? '' : explanation,
  ]);
  const failing = plan.steps.filter(({ outcome }) => outcome === 'fails').length;
  return {
    data: { ...plan, failing },
    text: [
      ...rows.map(([outcome, what, why]) => `${outcome}  ${what}${why === '' ? '' : `: ${why}`}`),
      `without key "${plan.key}" ${failing} of ${plan.steps.length} locked extensions would fail`,
    ].join('\n'),
    table: { columns: ['outcome', 'extension', 'why'], rows: rows as string[][] },
    ...(failing > 0 ? { exit: EXIT.failed } : {}),
  };
}
