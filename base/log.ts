import { oneLine } from './printable.js';
import { redact, redactedJson } from './redact.js';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
const ORDER: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

export interface LogRecord {
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type LogSink = (line: string) => void;

let threshold: LogLevel = 'warn';
let json = false;
let sink: LogSink = (line) => {
  process.stderr.write(`${line}\n`);
};

/** Sets level, form and destination of the process's log. Default: warnings and errors as text on stderr. */
export function configureLog(options: { level?: LogLevel; json?: boolean; sink?: LogSink }): void {
  threshold = options.level ?? threshold;
  json = options.json ?? json;
  sink = options.sink ?? sink;
}

function write(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  if (ORDER.indexOf(level) > ORDER.indexOf(threshold)) return;
  if (json) {
    sink(redactedJson({ time: new Date().toISOString(), level, message, ...fields }));
    return;
  }
  const rest = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : redactedJson(value)}`,
  );
  sink(redact(oneLine(`${level}: ${message}${rest.join('')}`)));
}

/** Structured log of the process; every line is redacted. */
export const log = {
  error: (message: string, fields?: Readonly<Record<string, unknown>>) => write('error', message, fields),
  warn: (message: string, fields?: Readonly<Record<string, unknown>>) => write('warn', message, fields),
  info: (message: string, fields?: Readonly<Record<string, unknown>>) => write('info', message, fields),
  debug: (message: string, fields?: Readonly<Record<string, unknown>>) => write('debug', message, fields),
};
