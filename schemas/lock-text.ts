import { stringify } from 'yaml';
import { ProvError } from '#base';

type Fields = Readonly<Record<string, unknown>>;

/** Plain in YAML 1.2 whatever comes before or after, and a string to whoever reads it. */
const WORD = /^[A-Za-z][\w./+-]*(?<!-)$/;
const LITERAL = /^(?:null|true|false)$/i;
const DIGEST = /^sha(?:256|512):[0-9a-f]+$/;
/** Two dots: no number. */
const VERSION = /^\d+\.\d+\.\d+(?:[+-][0-9A-Za-z.+-]*)?(?<!-)$/;
/** `^1.2`, `~1`, `(workspace)`. */
const MARKED = /^[\^~(][\w.+()-]+(?<!-)$/;
const INTEGER = /^(?:0|[1-9]\d{0,14})$/;
/** JSON's escapes mean the same in YAML. */
const QUOTED = /^"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/;

function isPlain(text: string): boolean {
  return (
    (WORD.test(text) && !LITERAL.test(text)) || DIGEST.test(text) || VERSION.test(text) || MARKED.test(text)
  );
}

/**
 * A tree of objects, arrays, texts, integers and booleans as block YAML with the keys in their order: what the
 * YAML library would write, in a twentieth of its time.
 * @throws BASE_JSON_INVALID for a value that is none of these
 */
export function writeBlockYaml(value: Fields): string {
  const written = new Map<string, string>();
  const lines: string[] = [];
  const scalar = (each: unknown): string => {
    if (typeof each === 'string') {
      let known = written.get(each);
      if (known === undefined) {
        known = isPlain(each) ? each : quote(each);
        written.set(each, known);
      }
      return known;
    }
    if (typeof each === 'boolean' || Number.isSafeInteger(each)) return String(each);
    throw new ProvError('BASE_JSON_INVALID', { path: '$', reason: `a ${typeof each} cannot be written` });
  };
  const member = (key: string, each: unknown, lead: string, inner: string): void => {
    const start = `${lead}${scalar(key)}:`;
    if (Array.isArray(each)) {
      lines.push(each.length === 0 ? `${start} []` : start);
      for (const item of each) element(item, inner);
    } else if (typeof each === 'object' && each !== null) {
      const size = lines.push(start);
      map(each as Fields, inner, inner);
      if (lines.length === size) lines[size - 1] = `${start} {}`;
    } else lines.push(`${start} ${scalar(each)}`);
  };
  const element = (each: unknown, indent: string): void => {
    if (typeof each === 'object' && each !== null) map(each as Fields, `${indent}- `, `${indent}  `);
    else lines.push(`${indent}- ${scalar(each)}`);
  };
  const map = (fields: Fields, lead: string, indent: string): void => {
    let start = lead;
    for (const key of Object.keys(fields)) {
      if (fields[key] === undefined) continue;
      member(key, fields[key], start, `${indent}  `);
      start = indent;
    }
  };
  map(value, '', '');
  return `${lines.join('\n')}\n`;
}

function quote(text: string): string {
  if (!text.isWellFormed())
    throw new ProvError('BASE_JSON_INVALID', { path: '$', reason: 'a lone surrogate cannot be written' });
  // Only the line break goes: U+00A0, U+2028 and their like are white space to JavaScript, and part of the text.
  // A byte order mark is none of the text where it comes first in the file.
  if (/[\n\r\ufeff]/.test(text)) return JSON.stringify(text).replaceAll('\ufeff', '\\ufeff');
  return stringify(text, { lineWidth: 0 }).slice(0, -1);
}

/**
 * Reads block YAML that `writeBlockYaml` wrote, ten times as fast as the strict reader; undefined for anything that
 * is not surely of its form, which the strict reader then has to judge. Comments may only stand on the first line.
 */
export function readBlockYaml(text: string): Fields | undefined {
  try {
    return new BlockReader(text).read();
  } catch (error) {
    if (error === UNSURE) return undefined;
    throw error;
  }
}

const UNSURE = Symbol('not surely of the form that prov writes');
const SPACE = 0x20;
const DASH = 0x2d;
const END = -1;

class BlockReader {
  private readonly text: string;
  private readonly scalars = new Map<string, unknown>();
  private readonly keys = new Set<string>();
  /** Where the content of the current line starts, where the line ends, and how far in it starts. */
  private at = 0;
  private end = 0;
  private indent = END;

  constructor(text: string) {
    this.text = text;
  }

  read(): Fields {
    const { text } = this;
    if (!text.endsWith('\n')) throw UNSURE;
    this.line(text.startsWith('# ') ? text.indexOf('\n') + 1 : 0);
    if (this.indent === END) throw UNSURE;
    const value = this.map(0);
    if (this.indent !== END) throw UNSURE;
    return value;
  }

  private line(start: number): void {
    const { text } = this;
    if (start >= text.length) {
      this.indent = END;
      return;
    }
    let at = start;
    while (text.charCodeAt(at) === SPACE) at++;
    this.at = at;
    this.indent = at - start;
    this.end = text.indexOf('\n', at);
  }

  private isElement(): boolean {
    return this.text.charCodeAt(this.at) === DASH && this.text.charCodeAt(this.at + 1) === SPACE;
  }

  private map(indent: number): Fields {
    const fields: Record<string, unknown> = {};
    while (this.indent === indent && !this.isElement()) {
      const { text, at, end } = this;
      const colon = text.indexOf(':', at);
      if (colon < 0 || colon >= end) throw UNSURE;
      const key = text.slice(at, colon);
      if (!this.isKey(key) || Object.hasOwn(fields, key)) throw UNSURE;
      if (colon + 1 === end) {
        this.line(end + 1);
        if (this.indent !== indent + 2) throw UNSURE;
        fields[key] = this.isElement() ? this.list(indent + 2) : this.map(indent + 2);
      } else {
        if (text.charCodeAt(colon + 1) !== SPACE) throw UNSURE;
        fields[key] = this.scalar(text.slice(colon + 2, end));
        this.line(end + 1);
      }
    }
    if (this.indent > indent) throw UNSURE;
    return fields;
  }

  private isKey(text: string): boolean {
    if (this.keys.has(text)) return true;
    if (!WORD.test(text) || LITERAL.test(text) || text === '__proto__') return false;
    this.keys.add(text);
    return true;
  }

  private list(indent: number): unknown[] {
    const items: unknown[] = [];
    while (this.indent === indent && this.isElement()) {
      this.at += 2;
      const { text, at, end } = this;
      const colon = text.indexOf(':', at);
      const isMap =
        colon >= 0 &&
        colon < end &&
        (colon + 1 === end || text.charCodeAt(colon + 1) === SPACE) &&
        text[at] !== '"';
      if (isMap) {
        this.indent += 2;
        items.push(this.map(indent + 2));
      } else {
        items.push(this.scalar(text.slice(at, end)));
        this.line(end + 1);
      }
    }
    return items;
  }

  private scalar(text: string): unknown {
    const known = this.scalars.get(text);
    if (known !== undefined) return typeof known === 'object' ? structuredClone(known) : known;
    const value = readScalar(text);
    this.scalars.set(text, value);
    return value;
  }
}

function readScalar(text: string): unknown {
  if (isPlain(text)) return text;
  if (INTEGER.test(text)) return Number(text);
  if (QUOTED.test(text)) return JSON.parse(text);
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (text === '[]') return [];
  if (text === '{}') return {};
  throw UNSURE;
}
