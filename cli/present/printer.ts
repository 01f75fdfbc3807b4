import { type ErrorDocument, oneLine, ProvError, printable, redact, writeError } from '#base';
import type { CommandOutput, OutputFormat, Table } from '../command.js';
import type { ProgressEvent } from './progress.js';
import type { ProgressView } from './progress-view.js';
import { standardError, standardOutput } from './standard-streams.js';

/** Of the lines of `--out ndjson`; raised when a reader would misread them. @see docs/spec/events.md */
const EVENT_VERSION = 1;

export interface PrinterOptions {
  readonly out: OutputFormat;
  readonly quiet: boolean;
  readonly colour: boolean;
  readonly terminal: boolean;
  /** The terminal understands no cursor movement. */
  readonly dumb?: boolean;
}

/**
 * The only writer of the command: results on stdout, notes, progress and errors on stderr. With
 * `--out json` exactly one document reaches stdout, on failure too.
 */
export class Printer {
  readonly #options: PrinterOptions;
  #view: ProgressView | undefined;
  /** What happened while the view was loaded. */
  #waiting: ProgressEvent[] | undefined;
  #ended = false;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  async result(output: CommandOutput): Promise<void> {
    const { out } = this.#options;
    this.#end();
    if (out === 'json')
      return write(standardOutput(), `${JSON.stringify({ ok: true, data: output.data })}\n`);
    if (out === 'ndjson')
      return write(
        standardOutput(),
        `${JSON.stringify({ v: EVENT_VERSION, event: 'done', ok: true, data: output.data })}\n`,
      );
    if (out === 'yaml') return write(standardOutput(), await yaml(output.data));
    if (output.raw !== undefined && out === 'text') return write(standardOutput(), rawOutput(output.raw));
    if (out === 'table' && output.table) return write(standardOutput(), printable(formatTable(output.table)));
    const text = output.text ?? (output.table ? formatTable(output.table) : await yaml(output.data));
    return write(standardOutput(), printable(text === '' || text.endsWith('\n') ? text : `${text}\n`));
  }

  async error(document: ErrorDocument, stack?: string): Promise<void> {
    const { out } = this.#options;
    this.#end();
    if (out === 'json' || out === 'ndjson' || out === 'yaml') {
      try {
        return await write(standardOutput(), await failureDocument(document, out));
      } catch (error) {
        if (!(error instanceof ProvError)) throw error;
        // Standard output takes nothing: people are told on stderr.
      }
    }
    const lines = [
      `${this.#paint('error', 31)} ${this.#paint(document.code, 1)}: ${printable(document.message)}`,
    ];
    if (document.hint !== '') lines.push(`${this.#paint('hint', 36)} ${printable(document.hint)}`);
    if (stack !== undefined) lines.push(redact(stack));
    return write(standardError(), `${lines.join('\n')}\n`);
  }

  progress(event: ProgressEvent): void {
    const { out, terminal, quiet } = this.#options;
    if (out === 'ndjson') {
      standardOutput().write(`${redact(JSON.stringify({ v: EVENT_VERSION, ...event }))}\n`);
      return;
    }
    // Told to people as a line that stays, wherever it goes.
    if (event.event === 'unverified') this.note(`warning ${event.message}`);
    if (!terminal || quiet || out === 'json' || event.event === 'unverified') return;
    const shown = { ...event, ...(event.message && { message: redact(event.message) }) };
    if (this.#view !== undefined) this.#view.event(shown);
    else if (this.#waiting !== undefined) this.#waiting.push(shown);
    else this.#open(shown);
  }

  /** The view is loaded on use: most commands are over before there is anything to show. */
  #open(first: ProgressEvent): void {
    this.#waiting = [first];
    void import('./progress-view.js').then(({ ProgressView }) => {
      const events = this.#waiting ?? [];
      this.#waiting = undefined;
      if (this.#ended) return;
      this.#view = new ProgressView({
        screen: standardError(),
        clean: printable,
        dumb: this.#options.dumb ?? false,
      });
      for (const event of events) this.#view.event(event);
    });
  }

  note(text: string): void {
    if (text === '' || this.#options.quiet || this.#options.out === 'json' || this.#options.out === 'ndjson')
      return;
    this.#clearProgress();
    standardError().write(`${printable(redact(text))}\n`);
  }

  #end(): void {
    this.#ended = true;
    this.#clearProgress();
  }

  #clearProgress(): void {
    this.#view?.clear();
  }

  #paint(text: string, code: number): string {
    return this.#options.colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

/** Columns padded to their widest cell, two spaces between; no trailing spaces. */
export function formatTable({ columns, rows }: Table): string {
  const all = [columns.map((name) => name.toUpperCase()), ...rows.map((row) => row.map(oneLine))];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => [...(row[i] ?? '')].length)));
  const line = (row: readonly string[]) =>
    columns
      .map((_, i) => (row[i] ?? '').padEnd(widths[i]! + (row[i] ?? '').length - [...(row[i] ?? '')].length))
      .join('  ')
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}

/** Bytes as they are for a file or a pipe; for a terminal only what cannot move its cursor. */
function rawOutput(bytes: Uint8Array): Uint8Array | string {
  return standardOutput().isTTY === true ? `${printable(Buffer.from(bytes).toString('utf8'))}\n` : bytes;
}

async function failureDocument(error: ErrorDocument, out: 'json' | 'ndjson' | 'yaml'): Promise<string> {
  if (out === 'yaml') return yaml({ ok: false, error });
  return `${JSON.stringify(out === 'json' ? { ok: false, error } : { v: EVENT_VERSION, event: 'done', ok: false, error })}\n`;
}

async function yaml(data: unknown): Promise<string> {
  const { toYaml } = await import('./to-yaml.js');
  return toYaml(data);
}

/**
 * Resolves once the bytes were handed to the system, so that exiting after it loses nothing; also when the
 * reader has gone. @throws BASE_DISK_FULL, BASE_FILE_UNWRITABLE
 */
function write(stream: NodeJS.WriteStream, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) =>
    stream.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (!error || error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return resolve();
      reject(writeError('the output of this command', error));
    }),
  );
}
