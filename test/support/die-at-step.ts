// Kills the process that it is preloaded into (`node --import`) in the middle of one step that changes the file system:
//   PROV_DIE_AT     number of the step, from 1; none when absent
//   PROV_DIE_UNDER  only steps below this directory count
//   PROV_DIE_LOG    file that gets the steps as JSON when the process ends by itself
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join, resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/** One step: what was called, and on which path. */
export interface Step {
  readonly call: string;
  readonly path: string;
}

const { PROV_DIE_AT, PROV_DIE_UNDER, PROV_DIE_LOG } = process.env;
// biome-ignore lint/suspicious/noExplicitAny: functions of many shapes are wrapped alike.
type Wrapped = Record<string, (...args: any[]) => unknown>;

if (PROV_DIE_UNDER !== undefined && isMainThread) {
  const under = resolve(PROV_DIE_UNDER);
  const real = { ...fs } as unknown as Wrapped;
  const steps: Step[] = [];
  const opened = new Map<number, string>();

  /** Counts a step; at the chosen one, `half` is done of it and no more. */
  const step = (call: string, path: unknown, half: () => void = () => undefined): void => {
    const full = resolve(String(path));
    if (full !== under && !full.startsWith(`${under}/`)) return;
    steps.push({ call, path: full });
    if (steps.length !== Number(PROV_DIE_AT)) return;
    half();
    process.kill(process.pid, 'SIGKILL');
  };
  const isWriting = (flags: unknown) =>
    typeof flags === 'number' ? (flags & 3) !== 0 : /[wa+]/.test(String(flags ?? 'r'));
  const halfOf = (data: Uint8Array) => data.subarray(0, data.byteLength >> 1);
  const writeHalf = (fd: number, data: unknown) => () => {
    const all = Array.isArray(data) ? Buffer.concat(data as Uint8Array[]) : Buffer.from(data as string);
    real['writeSync']!(fd, halfOf(all));
  };
  /** Every second entry of a directory goes, with all below it. */
  const removeHalf = (path: string) => (): void => {
    if (!real['existsSync']!(path) || !(real['lstatSync']!(path) as fs.Stats).isDirectory()) return;
    const names = real['readdirSync']!(path) as string[];
    const inner = names.length === 1 ? join(path, names[0]!) : undefined;
    if (inner !== undefined) {
      removeHalf(inner)();
      return;
    }
    for (const name of names.filter((_, at) => at % 2 === 0))
      real['rmSync']!(join(path, name), { recursive: true, force: true });
  };

  const stepOf = (call: string, fd: number, half?: () => void): void => {
    const path = opened.get(fd);
    if (path !== undefined) step(call, path, half);
  };

  const before: Record<string, (...args: never[]) => void> = {
    mkdir: (path: string) => step('mkdir', path),
    rename: (_from: string, to: string) => step('rename', to),
    link: (_from: string, to: string) => step('link', to),
    symlink: (_to: string, path: string) => step('symlink', path),
    rm: (path: string) => step('rm', path, removeHalf(path)),
    unlink: (path: string) => step('unlink', path),
    rmdir: (path: string) => step('rmdir', path),
    chmod: (path: string) => step('chmod', path),
    utimes: (path: string) => step('utimes', path),
    open: (path: string, flags: unknown) => {
      if (isWriting(flags)) step('open', path);
    },
    writeFile: (path: string) => step('writeFile', path, () => real['writeFileSync']!(path, '')),
    write: (fd: number, data: unknown) => stepOf('write', fd, writeHalf(fd, data)),
    writev: (fd: number, data: unknown) => stepOf('writev', fd, writeHalf(fd, data)),
    fsync: (fd: number) => stepOf('fsync', fd),
    ftruncate: (fd: number) => stepOf('ftruncate', fd),
  };
  const patched = fs as unknown as Wrapped;
  for (const [name, count] of Object.entries(before)) {
    for (const each of [name, `${name}Sync`]) {
      const original = real[each];
      if (original === undefined) continue;
      patched[each] = (...args) => {
        (count as (...given: unknown[]) => void)(...args);
        const last = args.at(-1);
        if (each === 'open' && typeof last === 'function')
          return original(...args.slice(0, -1), (error: unknown, fd: number) => {
            if (!error) opened.set(fd, String(args[0]));
            last(error, fd);
          });
        const result = original(...args);
        if (each === 'openSync') opened.set(result as number, String(args[0]));
        return result;
      };
    }
    const later = (fs.promises as unknown as Wrapped)[name];
    if (later === undefined) continue;
    (fs.promises as unknown as Wrapped)[name] = (...args) => {
      (count as (...given: unknown[]) => void)(...args);
      return later.apply(fs.promises, args);
    };
  }
  syncBuiltinESMExports();
  process.on('exit', () => {
    if (PROV_DIE_LOG !== undefined) real['writeFileSync']!(PROV_DIE_LOG, JSON.stringify(steps));
  });
}
