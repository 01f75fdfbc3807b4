import { type ScriptEvent, type ServiceDefinition, scriptEventSchema } from '#schemas';

/** What the lines of a script's stdout add up to; the last `result` wins, outputs accumulate. */
export interface ScriptResult {
  readonly status?: string;
  readonly changed?: boolean;
  readonly message?: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly services?: readonly ServiceDefinition[];
  readonly retryAfterMs?: number;
}

const PROGRESS = 'PROGRESS:';
const MS_PER_SECOND = 1000;
/** Events of one script; more are ignored, so that a runaway script cannot fill the memory. */
const MAX_OUTPUTS = 10_000;

/** Reads the NDJSON of one script line by line. */
export class ScriptOutput {
  #result: Extract<ScriptEvent, { type: 'result' }> | undefined;
  #outputs: Record<string, unknown> = {};
  #count = 0;
  /** Why a `result` or `output` line was not understood; such a script has failed, whatever its exit code. */
  problem: string | undefined;

  /** The event of a line, or undefined when it is log text. */
  readLine(line: string, cut: boolean): ScriptEvent | undefined {
    if (line.startsWith(PROGRESS)) return { type: 'progress', message: line.slice(PROGRESS.length).trim() };
    if (!line.startsWith('{')) return undefined;
    if (cut) {
      if (/^\{\s*"type"\s*:\s*"(?:result|output)"/.test(line))
        this.problem ??= 'the line is longer than 1 MiB';
      return undefined;
    }
    const value = parse(line);
    const parsed = scriptEventSchema.safeParse(value);
    if (parsed.success) return this.#take(parsed.data);
    const type = (value as { type?: unknown } | undefined)?.type;
    if (type === 'result' || type === 'output') {
      const issue = parsed.error.issues[0]!;
      this.problem ??= `${issue.path.join('.') || type}: ${issue.message}`;
    }
    return undefined;
  }

  get hasResult(): boolean {
    return this.#result !== undefined;
  }

  get result(): ScriptResult {
    const { status, changed, message, outputs, services } = this.#result ?? {};
    const retryAfter = this.#result?.['retry_after'];
    return {
      ...(status === undefined ? {} : { status }),
      ...(changed === undefined ? {} : { changed }),
      ...(message === undefined ? {} : { message }),
      outputs: { ...this.#outputs, ...outputs },
      ...(services === undefined ? {} : { services }),
      ...(typeof retryAfter === 'number' && retryAfter >= 0
        ? { retryAfterMs: retryAfter * MS_PER_SECOND }
        : {}),
    };
  }

  #take(event: ScriptEvent): ScriptEvent {
    if (event.type === 'result') this.#result = event;
    if (event.type === 'output') {
      this.#count += 1;
      if (this.#count > MAX_OUTPUTS) this.problem ??= `more than ${MAX_OUTPUTS} outputs`;
      else
        Object.defineProperty(this.#outputs, event.name, {
          value: event.value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
    }
    return event;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
