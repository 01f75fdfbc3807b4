import { type Document, isMap, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type * as z from 'zod';
import { counted, ProvError } from '#base';

const MAX_ALIASES = 50;

/** A place in a text file, 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML file read strictly: the value, and where each part of it stands. */
export interface YamlFile<T = unknown> {
  readonly path: string;
  readonly value: T;
  /** Position of the value at `keys`, or of the closest parent that is there. */
  position(keys: readonly (string | number)[]): Position;
  /** How the plain value at `keys` is written in the file (`15.0` for the number 15); absent where it is not known. */
  written?(keys: readonly (string | number)[]): string | undefined;
}

/**
 * Parses YAML 1.2 text; duplicate keys, custom tags and alias bombs are errors with line and column.
 * @throws SCHEMAS_YAML_SYNTAX, SCHEMAS_KEY_DUPLICATE
 */
export function parseYaml(text: string, path: string): YamlFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    uniqueKeys: true,
    strict: true,
    prettyErrors: false,
    version: '1.2',
    // A key that is a list or a map is for the schema to refuse, not for Node to warn of on standard error.
    logLevel: 'error',
  });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    if (problem.code === 'DUPLICATE_KEY') {
      const key = /^\s*([^:\s]+)/.exec(text.slice(problem.pos[0]))?.[1] ?? '';
      throw new ProvError('SCHEMAS_KEY_DUPLICATE', { path, line, column: col, key });
    }
    throw new ProvError('SCHEMAS_YAML_SYNTAX', { path, line, column: col, reason: problem.message });
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new ProvError(
      'SCHEMAS_YAML_SYNTAX',
      { path, line: 1, column: 1, reason: (error as Error).message },
      { cause: error },
    );
  }
  return {
    path,
    value,
    position: (keys) => positionOf(document, lineCounter, keys),
    written: (keys) => {
      const node = document.getIn(keys, true);
      return isScalar(node) ? node.source : undefined;
    },
  };
}

/**
 * Checks a strictly read file against a schema: unknown keys get a did-you-mean, wrong values their place.
 * `$schema` and `x-*` keys at the top are dropped first.
 * @throws SCHEMAS_KEY_UNKNOWN, SCHEMAS_VALUE_INVALID
 */
export function checkYaml<T>(file: YamlFile, schema: z.ZodType<T>): YamlFile<T> {
  const result = schema.safeParse(withoutExtras(file.value));
  if (result.success) return { ...file, value: result.data };
  throw problemsOf(file, schema, result.error)[0]!;
}

/** Everything that `checkYaml` finds wrong with a file, the most telling first; empty when it is right. */
export function yamlProblems(file: YamlFile, schema: z.ZodType): readonly ProvError[] {
  const result = schema.safeParse(withoutExtras(file.value));
  return result.success ? [] : problemsOf(file, schema, result.error);
}

/** A mistyped key is why a required one is missing, so unknown keys come first. */
function problemsOf(file: YamlFile, schema: z.ZodType, { issues }: z.ZodError): readonly ProvError[] {
  const isUnknownKey = ({ code }: z.core.$ZodIssue) => code === 'unrecognized_keys';
  const ordered = [...issues.filter(isUnknownKey), ...issues.filter((each) => !isUnknownKey(each))];
  return ordered.flatMap((each) => problemOf(file, schema, tellingIssue(each, [])));
}

function problemOf(file: YamlFile, schema: z.ZodType, { issue, at }: Telling): readonly ProvError[] {
  const { path } = file;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const suggestion = suggestKey(key, knownKeys(schema, at));
      return new ProvError('SCHEMAS_KEY_UNKNOWN', { path, ...file.position([...at, key]), key, suggestion });
    });
  }
  const value = valueAt(file.value, at);
  const hint = hintOf(issue, value, file.written?.(at)) ?? pageOf(path);
  return [
    new ProvError('SCHEMAS_VALUE_INVALID', {
      path,
      ...file.position(at),
      at: at.join('.') || 'file',
      reason: reasonOf(issue, { value }),
      ...(hint === undefined ? {} : { hint }),
    }),
  ];
}

function hintOf(issue: z.core.$ZodIssue, value: unknown, written: string | undefined): string | undefined {
  if (issue.code === 'invalid_type' && issue.expected === 'string' && written)
    return `Write it in quotes: "${written}".`;
  if (issue.code !== 'invalid_value') return undefined;
  if (value === undefined && issue.values.length === 1)
    return `Write ${String(issue.path.at(-1))}: ${String(issue.values[0])}`;
  const best = typeof value === 'string' ? closestName(value, issue.values.map(String)) : undefined;
  return best === undefined ? undefined : `Did you mean "${best}"?`;
}

const PAGES: Readonly<Record<string, string>> = {
  'manifest.yaml': 'manifest.md',
  'settings.yaml': 'workspace.md',
  'provisioning.yaml': 'workspace.md',
  'config.toml': 'workspace.md',
};

function pageOf(path: string): string | undefined {
  const page = PAGES[path.replace(/^.*[\\/]/, '')];
  return page === undefined ? undefined : `Correct the value; docs/spec/${page} lists every field.`;
}

function valueAt(value: unknown, keys: readonly (string | number)[]): unknown {
  let current = value;
  for (const key of keys) {
    if (current === null || typeof current !== 'object' || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string | number, unknown>)[key];
  }
  return current;
}

interface Telling {
  readonly issue: z.core.$ZodIssue;
  readonly at: readonly (string | number)[];
}

/** Of a union, what is wrong with the first alternative that the value has the shape of. */
function tellingIssue(issue: z.core.$ZodIssue, under: Telling['at']): Telling {
  const at = [...under, ...(issue.path as (string | number)[])];
  if (issue.code !== 'invalid_union') return { issue, at };
  const alternatives = issue.errors.filter((issues) => issues.length > 0);
  const otherShape = (each: z.core.$ZodIssue) => each.path.length === 0 && each.code === 'invalid_type';
  const fitting = alternatives.find((issues) => !issues.some(otherShape)) ?? alternatives[0];
  if (!fitting) return { issue, at };
  return tellingIssue(fitting.find(({ code }) => code === 'unrecognized_keys') ?? fitting[0]!, at);
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  null: 'empty',
};

/** What is wrong, in words of a person who writes the file; `found` is what stands there, where it is known. */
export function reasonOf(issue: z.core.$ZodIssue, found?: { readonly value: unknown }): string {
  if (issue.code === 'invalid_value') {
    const allowed = `${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
    return found !== undefined && found.value === undefined
      ? `is missing (${allowed})`
      : `must be ${allowed}`;
  }
  if ((issue.code === 'too_small' || issue.code === 'too_big') && /^Too (?:small|big): /.test(issue.message))
    return boundOf(issue);
  if (issue.code !== 'invalid_type') return issue.message;
  const received = /received (\w+)$/.exec(issue.message)?.[1] ?? 'undefined';
  const expected = TYPE_NAMES[issue.expected] ?? issue.expected;
  if (received === 'undefined') return `is missing (${expected})`;
  return `must be ${expected}, not ${TYPE_NAMES[received] ?? received}`;
}

/** What people count in a list, in a text and in a number. */
function boundOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [word, bound] =
    issue.code === 'too_small'
      ? (['at least', issue.minimum] as const)
      : (['at most', issue.maximum] as const);
  const strict = issue.inclusive === false ? ' (that itself not)' : '';
  if (issue.origin === 'array' || issue.origin === 'set')
    return `must have ${word} ${counted(Number(bound), 'entry', 'entries')}`;
  if (issue.origin === 'string') return `must have ${word} ${counted(Number(bound), 'character')}`;
  return `must be ${word} ${bound}${strict}`;
}

function withoutExtras(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => key !== '$schema' && !key.startsWith('x-')),
  );
}

function positionOf(document: Document, lines: LineCounter, keys: readonly (string | number)[]): Position {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
      );
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      const child = (node as { get?: (key: unknown, keep: boolean) => unknown } | null)?.get?.(key, true);
      if (!child) break;
      offset = (child as Node).range?.[0] ?? offset;
      node = child;
    }
  }
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function knownKeys(schema: z.ZodType, at: readonly (string | number)[]): string[] {
  let current: unknown = schema;
  for (const key of at) current = member(unwrap(current), key);
  const shape = (unwrap(current) as { shape?: Record<string, unknown> } | undefined)?.shape;
  return shape ? Object.keys(shape) : [];
}

type Wrapped = {
  def?: {
    innerType?: unknown;
    in?: unknown;
    element?: unknown;
    valueType?: unknown;
    options?: readonly unknown[];
  };
  shape?: Record<string, unknown>;
};

function unwrap(schema: unknown): unknown {
  const def = (schema as Wrapped | undefined)?.def;
  const inner = def?.options
    ? def.options.find((option) => (unwrap(option) as Wrapped | undefined)?.shape !== undefined)
    : (def?.innerType ?? def?.in);
  return inner === undefined ? schema : unwrap(inner);
}

function member(schema: unknown, key: string | number): unknown {
  const wrapped = schema as Wrapped | undefined;
  return wrapped?.shape?.[key] ?? wrapped?.def?.element ?? wrapped?.def?.valueType;
}

/** "Did you mean …?" for a mistyped key, or the list of keys that are known there. */
export function suggestKey(key: string, known: readonly string[]): string {
  const best = closestName(key, known);
  if (best !== undefined) return `Did you mean "${best}"?`;
  return known.length > 0
    ? `Known keys here: ${known.join(', ')}. Own keys start with x-.`
    : 'Remove it; own keys start with x-.';
}

/** The name that a mistyped one most likely means; undefined when none is close. */
export function closestName(text: string, known: readonly string[]): string | undefined {
  const best = known
    .map((name) => ({ name, distance: editDistance(text, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= Math.max(1, Math.floor(text.length / 3)) ? best.name : undefined;
}

/** Damerau-Levenshtein distance with adjacent swaps. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
