import { EXIT, ProvError } from '#base';
import type { LayerVerdict, Reason } from '#trust';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { policyOption } from '../ext/policy.js';
import { managerContext, referenceArgument } from '../ext/shared.js';

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type === 'directory')
    throw new ProvError('CLI_USAGE', { reason: 'a directory carries no signature' });
  const policy = await policyOption(context, input);
  if (policy === undefined)
    throw new ProvError('CLI_USAGE', {
      reason: 'there is no policy to explain it by',
      hint: 'Give --policy FILE or --key FILE.pub, or run it inside a workspace.',
    });
  const { judgeReference } = await import('#manager');
  const { verdict, ...artifact } = await judgeReference(
    { reference, policy },
    managerContext(context, input),
  );
  const { ok, verified, reason, explanation, mode, layers, reasons, signers } = verdict;
  const outcome = !ok ? 'refused' : verified ? 'accepted' : `used although it is not verified (mode ${mode})`;
  const lines = [
    artifact.reference,
    `${artifact.kind} ${artifact.name} ${artifact.version}`,
    '',
    ...(layers.length === 0 ? ['no policy file was asked: the content itself, or a deny list, decided'] : []),
    ...layers.flatMap((layer) => [...layerLines(layer), ...stepLines(reasons, layer.source)]),
    ...stepLines(reasons, undefined),
    '',
    `${outcome}: ${explanation} [${reason}]`,
  ];
  return {
    data: {
      ...artifact,
      outcome: !ok ? 'refused' : verified ? 'accepted' : 'warned',
      reason,
      explanation,
      mode,
      signers,
      layers,
      reasons,
    },
    text: lines.join('\n'),
    ...(ok ? {} : { exit: EXIT.refused }),
  };
}

function layerLines({ source, rule, about, requires = [], mode, verified }: LayerVerdict): string[] {
  const said = verified ? 'yes' : 'no';
  if (rule === undefined) return [`${said}  ${source}: no rule is about it`];
  return [
    `${said}  ${source}: rule "${rule}" (${about}, ${mode})`,
    ...requires.map((voter) => `     asks for ${voter}`),
  ];
}

/** Steps of one layer, or those of the pre-screen, which belong to none. */
function stepLines(reasons: readonly Reason[], layer: string | undefined): string[] {
  return reasons
    .filter((step) => step.layer === layer)
    .map(({ ok, code, text, candidate }) => {
      const which = candidate === undefined ? '' : ` (signature ${candidate.slice(7, 19)})`;
      return `     ${ok ? '+' : '-'} ${text} [${code}]${which}`;
    });
}
