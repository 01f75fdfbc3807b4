import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeExtension } from './extensions.js';
import { writeTree } from './files.js';
import { projectRoot } from './project.js';
import { provData } from './prov.js';
import type { Sandbox } from './sandbox.js';

export interface Task {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  /** Lines of `install.sh` before and after the line that has the effect. */
  readonly before?: string;
  readonly after?: string;
  /** Without one, what an interrupted task did cannot be known. Default true. */
  readonly check?: boolean;
}

/** A workspace with the shipped provider and tasks whose effects are lines of a file outside the journal. */
export interface Site {
  readonly dir: string;
  readonly deploy: readonly string[];
  /** `install NAME` and `undo NAME`, in the order in which they happened. */
  effects(): string[];
  /** A file that scripts and the test tell each other things with. */
  file(name: string): string;
}

export async function makeSite({ root, work, options }: Sandbox, tasks: readonly Task[]): Promise<Site> {
  const dir = join(work, 'site');
  chmodSync(root, 0o755);
  await provData(
    [
      'workspace',
      'init',
      dir,
      '--infra',
      'dev',
      '--server',
      `one=${tasks.map(({ name }) => name).join(',')}`,
    ],
    options,
  );
  cpSync(join(projectRoot, 'extensions/providers/local'), join(dir, 'extensions/providers/local'), {
    recursive: true,
  });
  const servers = JSON.stringify(join(work, 'servers'));
  mkdirSync(join(work, 'signals'));
  writeTree(dir, {
    'infra/dev/config.toml': `[config.local]\nroot = ${servers}\nsystem_root = ${servers}\n`,
  });
  for (const task of tasks) {
    const made = writeExtension(join(work, 'made'), taskserv(work, task));
    cpSync(made, join(dir, 'extensions/taskservs', task.name), { recursive: true });
  }
  await provData(['dep', 'resolve', '-w', dir], options);
  return {
    dir,
    deploy: ['deploy', '-w', dir],
    effects: () =>
      existsSync(effectsFile(work)) ? readFileSync(effectsFile(work), 'utf8').trim().split('\n') : [],
    file: (name) => join(work, 'signals', name),
  };
}

/** Waits until a script has made this file. */
export async function untilFile(path: string, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!existsSync(path)) {
    if (Date.now() > deadline) throw new Error(`${path} was not made within ${timeoutMs} ms`);
    await sleep(25);
  }
}

export function effectsFile(work: string): string {
  return join(work, 'effects');
}

/** A taskserv whose install appends `install NAME` to the effects. In its lines `$SIGNALS` is the folder of signals. */
export function taskserv(work: string, { name, dependencies, before = '', after = '', check = true }: Task) {
  const effects = effectsFile(work);
  const head = `SIGNALS='${join(work, 'signals')}'\ncat >/dev/null\n`;
  const result = (fields: string) => `echo '{"type":"result",${fields}}'\n`;
  const note = (what: string) => `echo '${what} ${name}' >> '${effects}'\n`;
  const status = `last=$(grep -E ' ${name}$' '${effects}' 2>/dev/null | tail -n 1)\nif [ "$last" = 'install ${name}' ]; then echo '{"type":"result","status":"done"}'; else echo '{"type":"result","status":"absent"}'; fi\n`;
  return {
    name,
    ...(dependencies === undefined ? {} : { manifest: { dependencies } }),
    files: {
      'scripts/install.sh': `${head}${before}\n${note('install')}${after}\n${result('"changed":true')}`,
      'scripts/uninstall.sh': `${head}${note('undo')}${result('"changed":true')}`,
      'scripts/rollback.sh': `${head}${note('undo')}${result('"changed":true')}`,
      ...(check ? { 'scripts/check.sh': `${head}${status}` } : {}),
    },
  };
}
