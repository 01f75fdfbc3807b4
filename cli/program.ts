import { Command, CommanderError, Option } from 'commander';
import { configureLog, EXIT, ProvError, toProvError } from '#base';
import {
  type CommandContext,
  type CommandInput,
  type CommandOutput,
  type CommandSpec,
  OUTPUT_FORMATS,
  type OutputFormat,
} from './command.js';
import { commandTable } from './command-table.js';
import { Printer } from './present/printer.js';
import { errorIsTerminal, inputIsTerminal, standardError } from './present/standard-streams.js';
import { provVersion } from './version.js';

interface Outcome {
  readonly exit: number;
}

/** Runs one command line and sets the process's exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const outcome = await runCommandLine(argv);
  process.exitCode = outcome.exit;
}

async function runCommandLine(argv: readonly string[]): Promise<Outcome> {
  const printer = new Printer(printerOptions(argv));
  const debug = argv.includes('--debug');
  const abort = new AbortController();
  const release = abortOnSignals(abort);
  const releaseCrashes = reportCrashes(printer, debug);
  const shown = { text: '' };
  try {
    let output: CommandOutput | undefined;
    const program = buildProgram(
      async (spec, input, global) => {
        configureLog({
          level: debug ? 'debug' : global['quiet'] === true ? 'error' : 'warn',
          sink: (line) => void standardError().write(`${line}\n`),
        });
        const context: CommandContext = {
          cwd: process.cwd(),
          env: process.env,
          out: outputFormat(argv),
          signal: abort.signal,
          progress: (event) => printer.progress(event),
          note: (text) => printer.note(text),
          get interactive() {
            return process.env['CI'] === undefined && inputIsTerminal() && errorIsTerminal();
          },
        };
        const module = await spec.load();
        output = await module.run(context, input);
      },
      { shown, part: partOf(argv) },
    );
    output = (await parse(program, argv, shown)) ?? output;
    if (output === undefined) return { exit: EXIT.ok };
    await printer.result(output);
    return { exit: output.exit ?? EXIT.ok };
  } catch (thrown) {
    const error = abort.signal.aborted
      ? (abort.signal.reason as ProvError)
      : thrown instanceof CommanderError
        ? await usageError(thrown, { help: shown.text, argv })
        : toProvError(thrown);
    if (thrown instanceof CommanderError) printer.note(shown.text);
    const cause = thrown instanceof Error ? thrown.stack : undefined;
    await printer.error(error.toDocument(), debug ? cause : undefined);
    return { exit: error.exitCode };
  } finally {
    release();
    releaseCrashes();
  }
}

type Action = (spec: CommandSpec, input: CommandInput, global: Record<string, unknown>) => Promise<void>;

/** Runs the command that `argv` names; gives what to print when it asks for help or the version instead. */
async function parse(
  program: Command,
  argv: readonly string[],
  shown: Shown,
): Promise<CommandOutput | undefined> {
  try {
    await program.parseAsync(helpAsOption(argv), { from: 'user' });
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError && thrown.exitCode === 0)) throw thrown;
    const { text } = shown;
    return { data: thrown.code === 'commander.version' ? { version: provVersion() } : { help: text }, text };
  }
}

/** `prov help ext push` as `prov ext push --help`: the parser's own help command takes one name only. */
function helpAsOption(argv: readonly string[]): readonly string[] {
  if (argv[0] !== 'help' || argv.length < 2 || argv[1]!.startsWith('-')) return argv;
  return [...argv.slice(1), '--help'];
}

/** Help and version as the parser wrote them, to be printed in the form that `--out` asks for. */
interface Shown {
  text: string;
}

export interface ProgramOptions {
  readonly shown?: Shown;
  /** First words of the only commands to build; without them, all are built. */
  readonly part?: readonly string[] | undefined;
}

/**
 * The parser for the command table, or for a part of it (building all takes a fifth of a short command's
 * time); `action` is called with the command that was asked for.
 */
export function buildProgram(action: Action, options: ProgramOptions = {}): Command {
  const { shown = { text: '' }, part = [] } = options;
  const program = new Command('prov');
  program
    .description('OCI-native package manager, registry and runtime for infrastructure extensions')
    .version(provVersion(), '-V, --version')
    .helpCommand(true)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        shown.text += text;
      },
      writeErr: (text) => {
        shown.text += text;
      },
      outputError: () => {},
    });
  addGlobalOptions(program);
  const wanted = (path: readonly string[]) => part.every((word, i) => path[i] === word);
  for (const spec of commandTable) {
    if (wanted(spec.path)) addCommand(program, spec.path, spec, action);
    for (const path of spec.aliases ?? []) {
      if (wanted(path)) addCommand(program, path, spec, action, { hidden: true });
    }
  }
  return program;
}

const NOTHING: readonly string[] = [''];

/**
 * The command, else the group, that `argv` certainly stays in: help of everything and mistyped names need all
 * commands, those of a group its siblings.
 */
function partOf(argv: readonly string[]): readonly string[] | undefined {
  const words = helpAsOption(argv);
  const [first] = words;
  if (first === '--version' || first === '-V') return NOTHING;
  const paths = commandTable.flatMap(({ path, aliases = [] }) => [path, ...aliases]);
  const command = paths.find((path) => path.every((word, i) => word === words[i]));
  return command ?? (paths.some(([name]) => name === first) ? [first!] : undefined);
}

/** What the groups of commands are about. Groups that only hold aliases are not listed; their own help lists all. */
const GROUPS: Readonly<Record<string, string>> = {
  ext: 'pack, sign, push, pull and inspect extensions',
  auth: 'what is used to reach a registry',
  oci: 'pack, sign, push, pull and inspect extensions (the same as ext)',
  dep: 'requirements and the lock of a workspace',
  lock: 'check the lock of a workspace, or merge two of them',
  workspace: 'make and show workspaces',
  config: 'configuration and where it comes from',
  module: 'extensions as a workspace loads them',
  services: 'start, stop and show what runs',
  trust: 'look into trust policies',
  mirror: 'carry everything a lock names into closed networks',
  key: 'signing keys',
  registry: 'a registry on this machine',
  index: 'lists of versions on registries that keep none',
};

interface AddOptions {
  readonly hidden?: boolean;
}

function addCommand(
  program: Command,
  path: readonly string[],
  spec: CommandSpec,
  action: Action,
  { hidden = false }: AddOptions = {},
): void {
  let parent = program;
  const aliasGroup = hidden && path.length > 1 && !commandTable.some((each) => each.path[0] === path[0]);
  for (const name of path.slice(0, -1)) parent = child(parent, name, hidden && parent === program);
  const command = child(parent, path.at(-1)!, hidden && !aliasGroup);
  command
    .description(spec.details === undefined ? spec.summary : `${spec.summary}\n\n${spec.details}`)
    .summary(spec.summary);
  for (const argument of spec.args ?? []) {
    const name = `${argument.name}${argument.variadic ? '...' : ''}`;
    command.argument(argument.optional ? `[${name}]` : `<${name}>`, argument.summary);
  }
  for (const each of spec.options ?? []) command.addOption(toOption(each));
  addGlobalOptions(command);
  if (spec.examples)
    command.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  $ ${line}`).join('\n')}`);
  command.action(async (...received: unknown[]) => {
    const values = received.slice(0, spec.args?.length ?? 0);
    for (const [i, { name, unless }] of (spec.args ?? []).entries())
      if (unless !== undefined && command.opts()[unless] === undefined && isNothing(values[i]))
        command.error(`error: missing required argument '${name}'`, { code: 'commander.missingArgument' });
    const variadic = values.find(Array.isArray) as string[] | undefined;
    const args = values.filter((value) => !Array.isArray(value)) as (string | undefined)[];
    await action(spec, { args, rest: variadic ?? [], options: command.opts() }, command.opts());
  });
}

function isNothing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

function child(parent: Command, name: string, hidden: boolean): Command {
  const existing = parent.commands.find((command) => command.name() === name);
  if (existing) return existing;
  const created = parent
    .command(name, { hidden })
    .description(GROUPS[name] ?? '')
    .exitOverride();
  created.showSuggestionAfterError(true);
  return created;
}

function toOption(spec: NonNullable<CommandSpec['options']>[number]): Option {
  const option = new Option(spec.flags, spec.summary);
  if (spec.choices) option.choices([...spec.choices]);
  if (spec.default !== undefined) option.default(spec.default);
  if (spec.group) option.helpGroup(spec.group);
  if (spec.repeatable)
    option.argParser((value: string, earlier: string[] | undefined) => [...(earlier ?? []), value]);
  return option;
}

function addGlobalOptions(command: Command): void {
  command.addOption(new Option('--out <format>', 'form of the output').choices([...OUTPUT_FORMATS]));
  command.addOption(new Option('--format <format>', 'same as --out').choices([...OUTPUT_FORMATS]).hideHelp());
  command.addOption(new Option('-q, --quiet', 'no notes and no progress'));
  command.addOption(new Option('--debug', 'show what happens, and stack traces of errors'));
}

interface Typed {
  readonly help: string;
  readonly argv: readonly string[];
}

async function usageError(error: CommanderError, { help, argv }: Typed): Promise<ProvError> {
  if (error.code === 'commander.help') {
    const typed = /^Usage: (prov(?: [a-z-]+)*)/.exec(help)?.[1] ?? 'prov';
    return new ProvError(
      'CLI_USAGE',
      { reason: `${typed} needs the name of a command`, hint: `${typed} --help lists them.` },
      { cause: error },
    );
  }
  const reason = error.message.replace(/^error: /, '').replace(/\n.*/s, '');
  const suggestion =
    inAGroup(error, argv) ??
    /\(Did you mean (.+)\?\)/.exec(error.message)?.[1] ??
    (await shortForm(error, argv));
  const taken = error.code === 'commander.missingArgument' ? optionThatTook(argv) : undefined;
  if (taken !== undefined) {
    const hint = `${taken} took it as its value: write it last, or ${taken}=VALUE.`;
    return new ProvError('CLI_USAGE', { reason, hint }, { cause: error });
  }
  const hint =
    suggestion !== undefined
      ? `Did you mean ${suggestion}?`
      : error.code === 'commander.unknownCommand'
        ? 'prov --help lists the commands.'
        : undefined;
  return new ProvError('CLI_USAGE', { reason, ...(hint === undefined ? {} : { hint }) }, { cause: error });
}

/** The command that a mistyped first word is close to: a short form such as `prov resolve`, or one of some group. */
async function shortForm(
  error: CommanderError,
  [typed = '']: readonly string[],
): Promise<string | undefined> {
  if (error.code !== 'commander.unknownCommand' || !error.message.includes(`'${typed}'`)) return undefined;
  const { closestName } = await import('#schemas');
  const short = commandTable.flatMap(({ aliases = [] }) => aliases.map((path) => path[0]!));
  const close = closestName(typed, short);
  if (close !== undefined) return `prov ${close}`;
  const last = closestName(
    typed,
    commandTable.map(({ path }) => path.at(-1)!),
  );
  const found = commandTable.filter(({ path }) => path.at(-1) === last);
  return found.length === 1 ? `prov ${found[0]!.path.join(' ')}` : undefined;
}

/** The whole name of the one command whose last word was typed without its group, as in `prov push`. */
function inAGroup(error: CommanderError, [typed]: readonly string[]): string | undefined {
  if (error.code !== 'commander.unknownCommand') return undefined;
  const found = commandTable.filter(({ path }) => path.at(-1) === typed);
  return found.length === 1 ? `prov ${found[0]!.path.join(' ')}` : undefined;
}

/** The option with an optional value that was given the argument after it, as in `--vendor-assets ./dir`. */
function optionThatTook(argv: readonly string[]): string | undefined {
  const optional = commandTable
    .flatMap(({ options = [] }) => options)
    .flatMap(({ flags }) => /(--[a-z-]+) \[/.exec(flags)?.[1] ?? []);
  return optional.find((name) => {
    const value = argv[argv.indexOf(name) + 1];
    return argv.includes(name) && value !== undefined && !value.startsWith('-');
  });
}

function outputFormat(argv: readonly string[]): OutputFormat {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  for (const [i, token] of own.entries()) {
    const value =
      /^--(?:out|format)=(.*)$/.exec(token)?.[1] ??
      (token === '--out' || token === '--format' ? own[i + 1] : undefined);
    if (value !== undefined && (OUTPUT_FORMATS as readonly string[]).includes(value))
      return value as OutputFormat;
  }
  return 'text';
}

function printerOptions(argv: readonly string[]) {
  const terminal = errorIsTerminal();
  const dumb = process.env['TERM'] === 'dumb';
  const colour = terminal && (process.env['NO_COLOR'] ?? '') === '';
  return {
    out: outputFormat(argv),
    quiet: argv.includes('--quiet') || argv.includes('-q'),
    colour: colour && !dumb,
    terminal,
    dumb,
  };
}

/** An error that nobody waits for is a bug and says so in the form that was asked for, not as a stack. */
function reportCrashes(printer: Printer, debug: boolean): () => void {
  const crash = (thrown: unknown) => {
    const stack = debug && thrown instanceof Error ? thrown.stack : undefined;
    const exit = () => process.exit(EXIT.bug);
    printer.error(toProvError(thrown).toDocument(), stack).then(exit, exit);
  };
  process.on('uncaughtException', crash);
  return () => process.off('uncaughtException', crash);
}

/** First Ctrl-C or SIGTERM aborts in good order; a second one ends the process at once. */
function abortOnSignals(abort: AbortController): () => void {
  const handle = (signal: NodeJS.Signals) => {
    const code = signal === 'SIGINT' ? 'BASE_INTERRUPTED' : 'BASE_TERMINATED';
    if (abort.signal.aborted) process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated);
    abort.abort(new ProvError(code));
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return () => {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  };
}
