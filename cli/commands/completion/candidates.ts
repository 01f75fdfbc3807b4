import type { CommandSpec, OptionSpec } from '../../command.js';
import { OUTPUT_FORMATS } from '../../command.js';

const GLOBAL: readonly OptionSpec[] = [
  { flags: '--out <format>', summary: '', choices: OUTPUT_FORMATS },
  { flags: '--quiet', summary: '' },
  { flags: '--debug', summary: '' },
  { flags: '--help', summary: '' },
];

/**
 * What may stand where the last of `words` is typed: names of commands, options, values of options that have
 * a choice, or `names` for an argument that is a reference. Nothing where only a file can be meant.
 */
export function candidates(
  table: readonly CommandSpec[],
  words: readonly string[],
  names: () => readonly string[],
): readonly string[] {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const plain = before.filter((word) => !word.startsWith('-'));
  const command = longest(table, plain);
  const startsWith = (all: readonly string[]) =>
    [...new Set(all)].filter((each) => each.startsWith(typed)).sort();
  if (command !== undefined) {
    const options = [...(command.options ?? []), ...GLOBAL];
    const open = optionAwaiting(options, before.at(-1));
    if (open !== undefined) return startsWith(open.choices ?? []);
    if (typed.startsWith('-')) return startsWith(options.flatMap(({ flags }) => longNames(flags)));
    const below = subcommands(table, plain);
    if (below.length > 0) return startsWith(below);
    return command.args?.some(({ name }) => name === 'ref') ? startsWith(names()) : [];
  }
  if (typed.startsWith('-')) return startsWith(GLOBAL.flatMap(({ flags }) => longNames(flags)));
  return startsWith([...subcommands(table, plain), ...(plain.length === 0 ? ['help'] : [])]);
}

/** The command that the words name, the more words of it the better. */
function longest(table: readonly CommandSpec[], words: readonly string[]): CommandSpec | undefined {
  const named = table.flatMap((spec) => [spec.path, ...(spec.aliases ?? [])].map((path) => ({ spec, path })));
  return named
    .filter(({ path }) => path.every((word, i) => words[i] === word))
    .sort((a, b) => b.path.length - a.path.length)[0]?.spec;
}

/** What follows `words` in the paths of commands; aliases only where nothing else does. */
function subcommands(table: readonly CommandSpec[], words: readonly string[]): readonly string[] {
  const next = (paths: readonly (readonly string[])[]) =>
    paths.flatMap((path) =>
      path.length > words.length && words.every((word, i) => path[i] === word) ? [path[words.length]!] : [],
    );
  const own = next(table.map(({ path }) => path));
  return own.length > 0 ? own : next(table.flatMap(({ aliases = [] }) => aliases));
}

function optionAwaiting(options: readonly OptionSpec[], word: string | undefined): OptionSpec | undefined {
  if (word === undefined || !word.startsWith('-')) return undefined;
  return options.find(({ flags }) => flags.includes('<') && flags.split(/[ ,]+/).includes(word));
}

function longNames(flags: string): readonly string[] {
  return flags.split(/[ ,]+/).filter((word) => word.startsWith('--'));
}
