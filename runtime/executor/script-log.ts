import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectories } from '#base';

/** Largest log of one attempt, in bytes; what comes after is counted, not kept. */
export const MAX_LOG_BYTES = 64 * 1024 * 1024;
/** A logged line is cut here, far before the limit of what is read, so that no half of a secret shows. */
const MAX_TEXT = 64 * 1024;

export type LogStream = 'stdout' | 'stderr';

/** The log of one attempt: NDJSON `{time, stream, text}` of lines that are redacted already. */
export class ScriptLog {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #maxBytes: number;
  #pending: string[] = [];
  #bytes = 0;
  #dropped = 0;
  /** Of the first line since the last flush; asking the clock for every line is what costs most. */
  #time = '';

  private constructor(path: string, file: FileHandle, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.path = path;
    this.#file = file;
  }

  static async open(path: string, maxBytes = MAX_LOG_BYTES): Promise<ScriptLog> {
    makeDirectories(dirname(path), { mode: 0o700 });
    return new ScriptLog(path, await open(path, 'w', 0o600), maxBytes);
  }

  add(stream: LogStream, text: string, cut = false): void {
    if (this.#dropped > 0) {
      this.#dropped += 1;
      return;
    }
    const short = text.length > MAX_TEXT || cut ? `${text.slice(0, MAX_TEXT)} [line cut]` : text;
    if (this.#pending.length === 0) this.#time = new Date().toISOString();
    const line = `{"time":"${this.#time}","stream":"${stream}","text":${JSON.stringify(short)}}\n`;
    if (this.#bytes + line.length > this.#maxBytes) {
      this.#dropped += 1;
      return;
    }
    this.#bytes += line.length;
    this.#pending.push(line);
  }

  /** Writes what was added; callers await it, so a fast script waits for a slow disk. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const text = this.#pending.join('');
    this.#pending = [];
    await this.#file.appendFile(text);
  }

  async close(): Promise<void> {
    try {
      if (this.#dropped > 0) {
        const note = {
          time: new Date().toISOString(),
          stream: 'stderr',
          text: `[${this.#dropped} lines not kept]`,
        };
        this.#pending.push(`${JSON.stringify(note)}\n`);
      }
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }
}
