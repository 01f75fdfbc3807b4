import type { Position } from '#schemas';

type Path = readonly (string | number)[];

/**
 * Finds where the keys of a TOML document stand, to the line: table headers, `[[arrays]]` and dotted keys;
 * keys of inline tables and items of lists have the place of the key that holds them. Takes text that a
 * parser has accepted.
 */
export function tomlPositions(text: string): (path: Path) => Position {
  const places = new Map<string, Position>([['', { line: 1, column: 1 }]]);
  const counts = new Map<string, number>();
  const lines = text.split('\n');
  let table: (string | number)[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index]!;
    const column = line.length - line.trimStart().length + 1;
    const trimmed = line.trim();
    const place = { line: index + 1, column };
    const header = /^(\[\[?)/.exec(trimmed);
    if (header) {
      table = enter(splitKey(trimmed.slice(header[0].length)).keys, header[0] === '[[', counts);
      mark(places, table, place);
    } else if (trimmed !== '' && !trimmed.startsWith('#')) {
      const { keys, rest } = splitKey(trimmed);
      mark(places, [...table, ...keys], place);
      index = skipValue(lines, index, rest.replace(/^\s*=\s*/, ''));
    }
  }
  return (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const found = places.get(keyOf(path.slice(0, length)));
      if (found) return found;
    }
    return { line: 1, column: 1 };
  };
}

function keyOf(path: Path): string {
  return path.map((part) => JSON.stringify(part)).join('.');
}

function mark(places: Map<string, Position>, path: Path, place: Position): void {
  for (let length = 1; length <= path.length; length += 1) {
    const key = keyOf(path.slice(0, length));
    if (!places.has(key)) places.set(key, place);
  }
}

/** The path of a header; a part that is an array of tables is followed by the index of its last item. */
function enter(keys: readonly string[], appends: boolean, counts: Map<string, number>): (string | number)[] {
  const path: (string | number)[] = [];
  keys.forEach((key, index) => {
    path.push(key);
    const name = keyOf(path);
    if (appends && index === keys.length - 1) counts.set(name, (counts.get(name) ?? -1) + 1);
    const count = counts.get(name);
    if (count !== undefined) path.push(count);
  });
  return path;
}

/** Reads `a."b.c".d` up to `]` or `=`. */
function splitKey(text: string): { keys: string[]; rest: string } {
  const keys: string[] = [];
  let rest = text.trimStart();
  for (;;) {
    const match = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*/.exec(rest);
    if (!match) return { keys, rest };
    keys.push(match[1] === undefined ? (match[2] ?? match[3]!) : unquote(match[1]));
    rest = rest.slice(match[0].length);
    if (!rest.startsWith('.')) return { keys, rest };
    rest = rest.slice(1).trimStart();
  }
}

function unquote(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    // TOML's \UXXXXXXXX is not JSON; such a key only loses its line.
    return text;
  }
}

/** The index of the line on which the value that starts with `first` ends. */
function skipValue(lines: readonly string[], start: number, first: string): number {
  let index = start;
  let rest = first;
  let depth = 0;
  for (;;) {
    const token = /^(?:"""|'''|"(?:[^"\\]|\\.)*"|'[^']*'|[[\]{}]|#.*|[^"'[\]{}#]+)/.exec(rest)?.[0] ?? rest;
    if (token === '"""' || token === "'''") {
      rest = rest.slice(3);
      for (let end = closing(rest, token); end < 0; end = closing(rest, token)) {
        index += 1;
        if (index >= lines.length) return index;
        rest = lines[index]!;
      }
      rest = rest.slice(closing(rest, token) + 3);
      continue;
    }
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    rest = rest.slice(token.length);
    if (rest !== '' && token !== '') continue;
    if (depth <= 0 || index + 1 >= lines.length) return index;
    index += 1;
    rest = lines[index]!;
    if (rest === '') rest = ' ';
  }
}

function closing(text: string, quote: string): number {
  if (quote === "'''") return text.indexOf(quote);
  const match = /^(?:[^"\\]|\\.|"(?!"")|\\$)*?"""/.exec(text);
  return match ? match[0].length - 3 : -1;
}
