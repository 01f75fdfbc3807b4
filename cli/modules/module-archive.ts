import { openSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import type { CodeCache } from './code-cache.js';

/** Where the text of a module stands in the archive: first byte, length in bytes, line. */
export type ModulePlace = readonly [offset: number, length: number, line: number];

type Exports = Record<string, unknown>;
/** What the text of a module evaluates to: a function that hands over its exports, then runs the module. */
type Factory = (
  set: (exported: Exports) => void,
  at: (id: string) => Exports,
  builtin: typeof process.getBuiltinModule,
  require: NodeJS.Require,
  url: () => string,
) => void;

export interface ModuleArchive {
  /**
   * The exports of a module, which runs when it is first asked for. Circular ones get what is there so far, as
   * between ES modules.
   */
  readonly at: (id: string) => Exports;
  /** The modules that ran, in order. */
  readonly evaluated: () => readonly string[];
}

export interface ArchiveOptions {
  /** The file: one function a line, at the places of `index`. */
  readonly path: string;
  readonly index: Readonly<Record<string, ModulePlace>>;
  readonly require: NodeJS.Require;
}

/**
 * Opens the file that holds every module of the program. Only the text of modules that are used is read and
 * compiled; compiled code is taken from `cache` and left there.
 */
export function openModuleArchive(
  { path, index, require }: ArchiveOptions,
  cache?: CodeCache,
): ModuleArchive {
  const done = new Map<string, Exports>();
  const file = openSync(path, 'r');
  let address: string | undefined;
  const url = () => (address ??= pathToFileURL(path).href);
  const { getBuiltinModule } = process;

  function at(id: string): Exports {
    return done.get(id) ?? evaluate(id);
  }

  function evaluate(id: string): Exports {
    const factory = compile(id);
    try {
      factory((exported) => done.set(id, exported), at, getBuiltinModule, require, url);
    } catch (error) {
      done.delete(id);
      throw error;
    }
    return done.get(id)!;
  }

  function compile(id: string): Factory {
    const place = index[id];
    if (place === undefined) throw new Error(`there is no module ${id} in ${path}`);
    const [offset, length, lineOffset] = place;
    const text = Buffer.allocUnsafe(length);
    if (readSync(file, text, 0, length, offset) !== length) throw new Error(`${path} is cut short`);
    const cachedData = cache?.get(id);
    const script = new Script(text.toString('latin1'), {
      filename: path,
      lineOffset,
      ...(cachedData === undefined ? {} : { cachedData }),
    });
    if (cachedData === undefined || script.cachedDataRejected === true) cache?.add(id, script);
    return script.runInThisContext() as Factory;
  }

  return { at, evaluated: () => [...done.keys()] };
}
