import { ProvError } from '#base';
import type { CommandContext, CommandInput, CommandOutput } from '../../command.js';
import { policyOption } from './policy.js';
import { formatBytes, managerContext, referenceArgument } from './shared.js';

const SHOWN_VERSIONS = 10;

export async function run(context: CommandContext, input: CommandInput): Promise<CommandOutput> {
  const reference = await referenceArgument(input.args[0]!, context, input);
  if (reference.type !== 'remote')
    throw new ProvError('CLI_USAGE', {
      reason: 'info is about what is on a registry',
      hint: 'prov ext inspect shows what a layout or bundle holds.',
    });
  const { describeReference } = await import('#manager');
  const policy = await policyOption(context, input);
  const info = await describeReference({ reference, policy }, managerContext(context, input));
  const { config, lifecycle, versions, facts, verdict } = info;
  const ranges = (map: Readonly<Record<string, { version: string }>> | undefined) =>
    Object.entries(map ?? {})
      .map(([name, { version }]) => `${name} ${version}`)
      .join(', ') || 'none';
  const known = versions.versions.map(({ version, state }) =>
    state === undefined || state === 'active' ? version : `${version} (${state})`,
  );
  const more = known.length > SHOWN_VERSIONS ? `, and ${known.length - SHOWN_VERSIONS} more` : '';
  const words = [lifecycle.state, lifecycle.reason, lifecycle.replacement && `take ${lifecycle.replacement}`];
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['state', words.filter(Boolean).join(': ')],
    ['reference', info.reference],
    ['published', info.publishedAt],
    ['versions', known.slice(0, SHOWN_VERSIONS).join(', ') + more],
    ['dependencies', ranges(facts.dependencies)],
    ['optional', facts.optional_dependencies && ranges(facts.optional_dependencies)],
    ['platforms', config.platforms?.join(', ') ?? 'any'],
    ['size', formatBytes(info.size)],
    ['signatures', info.signers.length === 0 ? 'none' : info.signers.map((id) => `key ${id}`).join(', ')],
    ['policy', verdict && `${verdict.verified ? 'accepted' : 'not accepted'}: ${verdict.explanation}`],
    ['license', config.license],
    ['author', config.author ?? config.authors?.join(', ')],
    ['docs', config.homepage ?? config.repository],
  ];
  const shown = lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(14)}${value}`]));
  const text = [`${config.type} ${config.name} ${config.version}`, config.description, ...shown].join('\n');
  const { config: _config, ...rest } = info;
  const { name, type: kind, version, description } = config;
  return { data: { ...rest, name, kind, version, description, manifest: config }, text };
}
