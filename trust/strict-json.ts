const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

export interface JsonLimits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}
export type StrictJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads JSON from outside: bounded in size and depth, valid UTF-8 without a byte order mark, no member
 * name twice in one object, no `__proto__`, no lone surrogate. Failure is a value, never an exception.
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits): StrictJson {
  if (bytes.byteLength > limits.maxBytes) return refuse(`is larger than ${limits.maxBytes} bytes`);
  try {
    const text = decoder.decode(bytes);
    const problem = scan(text, limits.maxDepth);
    return problem === undefined ? { ok: true, value: JSON.parse(text) } : refuse(problem);
  } catch (error) {
    return refuse(`is not JSON in UTF-8 (${(error as Error).name})`);
  }
}

/**
 * Walks the text once, before `JSON.parse`, which would keep the last of two equal names and recurse as
 * deep as it is told. Trusts nothing about the syntax except strings; `JSON.parse` judges the rest.
 */
function scan(text: string, maxDepth: number): string | undefined {
  const names: (Set<string> | undefined)[] = [];
  let expectName = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = stringEnd(text, i);
      if (end < 0) return 'has a string without an end';
      const raw = text.slice(i + 1, end);
      const value = raw.includes('\\') ? (JSON.parse(text.slice(i, end + 1)) as string) : raw;
      if (value !== raw && !value.isWellFormed()) return 'has a lone surrogate';
      const seen = names.at(-1);
      if (expectName && seen !== undefined) {
        if (value === '__proto__') return 'has a member named __proto__';
        if (seen.has(value)) return `has the member "${value.slice(0, 64)}" twice`;
        seen.add(value);
        expectName = false;
      }
      i = end;
    } else if (code === 0x7b || code === 0x5b) {
      names.push(code === 0x7b ? new Set() : undefined);
      if (names.length > maxDepth) return `is nested deeper than ${maxDepth}`;
      expectName = code === 0x7b;
    } else if (code === 0x7d || code === 0x5d) {
      names.pop();
      expectName = false;
    } else if (code === COMMA) {
      expectName = names.at(-1) !== undefined;
    }
  }
  return undefined;
}

/** Index of the quote that ends the string at `start`: the first with an even run of backslashes before it. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

function refuse(reason: string): StrictJson {
  return { ok: false, reason };
}
