import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { cliPath, projectRoot } from '../support/project.js';
import type { Shell } from './shell.js';
import { missingLine, type Step } from './tutorial-steps.js';

/** A `PATH` on which the built program is `prov`. */
export function pathWithProv(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'prov'), `#!/bin/sh\nexec "${process.execPath}" "${cliPath}" "$@"\n`);
  chmodSync(join(bin, 'prov'), 0o755);
  return [bin, process.env['PATH']].join(delimiter);
}

export interface FollowOptions {
  /** Path of the document, from the root of the project. */
  readonly document: string;
  readonly shell: Shell;
  readonly steps: (markdown: string) => readonly Step[];
  /** Host names of the document and what they are here. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** Does what a document tells its reader to do, and checks that it shows what happens. Gives the number of commands. */
export async function followDocument({ document, shell, steps, hosts = {} }: FollowOptions): Promise<number> {
  const here = (text: string) =>
    Object.entries(hosts).reduce((all, [name, host]) => all.replaceAll(name, host), text);
  let commands = 0;
  for (const step of steps(readFileSync(join(projectRoot, document), 'utf8'))) {
    const where = `${document}:${step.line}`;
    if (step.type === 'file') {
      const { output } = await shell.run('pwd');
      const path = join(output.trim(), step.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, step.text);
      continue;
    }
    const { code, output } = await shell.run(here(step.command));
    assert.equal(code !== 0, step.fails, `${where}: $ ${step.command}\nended with ${code}\n${output}`);
    const missing = missingLine(output, step.expected.map(here));
    assert.equal(missing, undefined, `${where}: $ ${step.command}\nlacks "${missing}" in\n${output}`);
    commands++;
  }
  return commands;
}
