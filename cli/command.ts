import type { ProgressEvent } from './present/progress.js';

export type OutputFormat = 'text' | 'json' | 'yaml' | 'table' | 'ndjson';
export const OUTPUT_FORMATS: readonly OutputFormat[] = ['text', 'json', 'yaml', 'table', 'ndjson'];

export interface ArgumentSpec {
  readonly name: string;
  readonly summary: string;
  readonly optional?: boolean;
  /** It is needed after all without this option (`fromFile` for `--from-file`). */
  readonly unless?: string;
  readonly variadic?: boolean;
}

export interface OptionSpec {
  /** As commander writes it: `--registry <host>`, `--sign`, `--vendor-assets [platforms]`. */
  readonly flags: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  readonly default?: string | boolean | number;
  readonly repeatable?: boolean;
  /** Heading in the help, for options that many commands share. */
  readonly group?: string;
}

/** One command as data: what `--help`, completion, the reference and the parser are made from. */
export interface CommandSpec {
  /** For example `['ext', 'push']`. */
  readonly path: readonly string[];
  /** Other paths that mean the same. */
  readonly aliases?: readonly (readonly string[])[];
  readonly summary: string;
  readonly details?: string;
  readonly args?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples?: readonly string[];
  /** Loads the code of the command; nothing of it is loaded before it runs. */
  readonly load: () => Promise<CommandModule>;
}

export interface CommandModule {
  run(context: CommandContext, input: CommandInput): Promise<CommandOutput>;
}

export interface CommandInput {
  readonly args: readonly (string | undefined)[];
  readonly rest: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

export interface CommandContext {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly out: OutputFormat;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
  /** Shows progress: a line on a terminal, an event with `--out ndjson`, nothing otherwise. */
  readonly progress: (event: ProgressEvent) => void;
  /** A note for people, on stderr; not shown with `--quiet`. */
  readonly note: (text: string) => void;
  /** Whether a person can be asked. */
  readonly interactive: boolean;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface CommandOutput {
  /** What `--out json` prints under `data`. */
  readonly data: unknown;
  /** What people see; without it, the data as YAML. */
  readonly text?: string;
  readonly table?: Table;
  /** Bytes to print as they are, in place of `text`. */
  readonly raw?: Uint8Array;
  /** Exit code when it is not 0 though nothing was thrown (differences found, partly done). */
  readonly exit?: number;
}
