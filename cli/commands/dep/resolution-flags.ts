import { ProvError } from '#base';
import type { CommandInput, OptionSpec } from '../../command.js';
import { listOption, textOption } from '../../options.js';

const STRATEGIES = ['latest', 'lowest', 'lowest-direct', 'minimal-change', 'security-only'] as const;
const PRERELEASE = ['never', 'if-named', 'if-only', 'allow'] as const;

/** How versions are chosen, for this run: over what `resolution` says in the configuration. */
export const resolutionOptionSpecs: readonly OptionSpec[] = [
  { flags: '--strategy <name>', summary: 'which versions are tried first', choices: STRATEGIES },
  { flags: '--prerelease <rule>', summary: 'when pre-releases may be chosen', choices: PRERELEASE },
  {
    flags: '--platform <os/arch>',
    summary: 'a platform that everything must support; may be repeated',
    repeatable: true,
  },
  { flags: '--min-age <age>', summary: 'only versions published at least so long ago: 72h, 7d, 2w' },
  {
    flags: '--min-age-exempt <name>',
    summary: 'an extension that may be younger; may be repeated',
    repeatable: true,
  },
  {
    flags: '--age-source <whose>',
    summary: 'whose word counts for that: a signed time, or what the registry says',
    choices: ['signed', 'registry'],
  },
  {
    flags: '--override <name=range>',
    summary: 'replace every range on an extension; may be repeated',
    repeatable: true,
  },
  {
    flags: '--provider <capability=name>',
    summary: 'which extension serves a capability; may be repeated',
    repeatable: true,
  },
];

/** These options as settings of the configuration's highest layer. @throws CLI_USAGE */
export function resolutionFlags({ options }: CommandInput): Readonly<Record<string, unknown>> {
  const strategy = textOption(options, 'strategy');
  const prerelease = textOption(options, 'prerelease');
  const minAge = textOption(options, 'minAge');
  const ageSource = textOption(options, 'ageSource');
  const platforms = listOption(options, 'platform');
  const exempt = listOption(options, 'minAgeExempt');
  return {
    ...(strategy === undefined ? {} : { 'resolution.strategy': strategy }),
    ...(prerelease === undefined ? {} : { 'resolution.prerelease': prerelease }),
    ...(minAge === undefined ? {} : { 'resolution.min_age': minAge }),
    ...(exempt.length === 0 ? {} : { 'resolution.min_age_exempt': exempt }),
    ...(ageSource === undefined ? {} : { 'resolution.age_source': ageSource }),
    ...(platforms.length === 0 ? {} : { 'resolution.platforms': platforms }),
    ...pairsFlag('override', 'overrides', listOption(options, 'override')),
    ...pairsFlag('provider', 'providers', listOption(options, 'provider')),
  };
}

const PAIRS = {
  override: { form: 'NAME=RANGE', example: 'os=^1.2.0' },
  provider: { form: 'CAPABILITY=NAME', example: 'container-runtime=docker' },
} as const;

function pairsFlag(
  flag: keyof typeof PAIRS,
  setting: string,
  given: readonly string[],
): Readonly<Record<string, unknown>> {
  if (given.length === 0) return {};
  const { form, example } = PAIRS[flag];
  const pairs = given.map((text) => {
    const at = text.indexOf('=');
    if (at < 1 || at === text.length - 1)
      throw new ProvError('CLI_USAGE', {
        reason: `--${flag} takes ${form}, not "${text}"`,
        hint: `For example --${flag} ${example}`,
      });
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  return { [`resolution.${setting}`]: Object.fromEntries(pairs) };
}
