import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { cliPath, projectRoot } from '../support/project.js';
import { isolatedEnvironment } from '../support/prov.js';
import { freePort } from '../support/registries.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { openShell } from './shell.js';
import { missingLine, tutorialSteps } from './tutorial-steps.js';

test('every command of the tutorial does what the tutorial says', async (t) => {
  const folder = temporaryDirectory(t);
  const bin = join(folder, 'bin');
  const work = join(folder, 'work');
  for (const each of [bin, work]) mkdirSync(each);
  writeFileSync(join(bin, 'prov'), `#!/bin/sh\nexec "${process.execPath}" "${cliPath}" "$@"\n`);
  chmodSync(join(bin, 'prov'), 0o755);
  const env = isolatedEnvironment(join(folder, 'home'), {
    PATH: [bin, process.env['PATH']].join(delimiter),
    NEAR: String(await freePort()),
    FAR: String(await freePort()),
    PROV_EXTENSIONS: join(projectRoot, 'extensions'),
  });
  const shell = openShell(work, env);
  t.after(async () => {
    for (const [side, port] of [
      ['near', 'NEAR'],
      ['far', 'FAR'],
    ]) {
      const home = `PROVISIONING_HOME="${join(work, side!, 'home')}"`;
      const site = side === 'near' ? 'site' : 'far/site';
      await shell.run(
        `[ ! -e "${join(work, site)}" ] || ${home} prov destroy --yes -w "${join(work, site)}"`,
      );
      await shell.run(`${home} prov registry stop --port "$${port}"`);
    }
    await shell.close();
  });

  const steps = tutorialSteps(readFileSync(join(projectRoot, 'docs', 'tutorial.md'), 'utf8'));
  assert.ok(steps.filter(({ type }) => type === 'run').length > 20);
  for (const step of steps) {
    const where = `docs/tutorial.md:${step.line}`;
    if (step.type === 'file') {
      const { output } = await shell.run('pwd');
      const path = join(output.trim(), step.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, step.text);
      continue;
    }
    const { code, output } = await shell.run(step.command);
    assert.equal(code !== 0, step.fails, `${where}: $ ${step.command}\nended with ${code}\n${output}`);
    const missing = missingLine(output, step.expected);
    assert.equal(missing, undefined, `${where}: $ ${step.command}\nlacks "${missing}" in\n${output}`);
  }
});
